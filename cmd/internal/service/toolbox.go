package service

import "handrail/toolbox"

// Tools runs tools outside, as the API and the worker do.
func (s *Service) Tools() *toolbox.Toolbox { return s.tools }
