package bench

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// Plot draws how many of each scenario were done in a second by 50 callers, into a file
// whose name says in which format (.svg, .png). Without a file, or without speeds, it does
// nothing.
func (r *Report) Plot(file string) error {
	if file == "" || len(r.Stores) == 0 {
		return nil
	}

	p := plot.New()
	p.Title.Text = fmt.Sprintf("Done in a second, %d callers, %d cores", mostCallers, r.Machine.CPUs)
	p.Y.Label.Text = "a second"
	p.Add(plotter.NewGrid())

	const width = 14

	most := 0.0

	for n, store := range r.Stores {
		var names []string
		var rates plotter.Values

		for _, s := range store.Speeds {
			if s.Callers == mostCallers && s.Scenario != scenarioPlain {
				names = append(names, s.Scenario)
				rates = append(rates, s.PerSecond)
				most = max(most, s.PerSecond)
			}
		}

		bars, err := plotter.NewBarChart(rates, vg.Points(width))
		if err != nil {
			return fmt.Errorf("draw the bars of %s: %w", store.Temporal, err)
		}

		bars.LineStyle.Width = 0
		bars.Color = plotutil.Color(n)
		bars.Offset = vg.Points(width * (float64(n) - float64(len(r.Stores)-1)/2))
		p.Add(bars)
		p.Legend.Add("Temporal on "+store.Temporal, bars)
		p.NominalX(names...)
		p.X.Min, p.X.Max = -0.5, float64(len(names))-0.5
	}

	p.Y.Min, p.Y.Max = 0, 1.25*most // the legend is above the bars

	p.Legend.Top, p.Legend.Padding = true, vg.Points(3)
	if err := p.Save(18*vg.Centimeter, 9*vg.Centimeter, file); err != nil {
		return fmt.Errorf("save the plot: %w", err)
	}

	return nil
}
