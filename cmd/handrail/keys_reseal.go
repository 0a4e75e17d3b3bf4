package main

import (
	"errors"
	"fmt"

	"handrail/chat"
	"handrail/codec"
	"handrail/db"
	"handrail/toolbox"
)

type keyReseal struct{}

// Help is shown by kong.
func (keyReseal) Help() string {
	return `After a rotation, the secrets of tools are still encrypted with the key from before, and so are those of
changes that wait for approval. This command encrypts them with the first key. Run it with all keys configured,
and again until nothing is left. Then tools no longer need the old key; what runs in Temporal may still need it (see
docs/operations.md). It is safe to run at any time.`
}

// Run seals the secrets of all workspaces' tools anew, and of the changes of tools that wait for approval.
func (keyReseal) Run(p *process) error {
	if p.config.EncryptionKeys == "" {
		return errors.New("HANDRAIL_ENCRYPTION_KEYS is not set: there is no key to encrypt with")
	}

	keys, err := codec.Parse(p.config.EncryptionKeys)
	if err != nil {
		return fmt.Errorf("HANDRAIL_ENCRYPTION_KEYS: %w", err)
	}

	return p.withStore(func(s *db.Store) error {
		all, err := s.SealedSecrets(p.ctx)
		if err != nil {
			return err
		}

		resealed := 0
		var left []error

		for _, one := range all {
			done, err := resealSecrets(p, s, keys, one)
			if err != nil {
				left = append(left, fmt.Errorf("%s of workspace %s: %w", nameSealed(one), one.WorkspaceID, err))
			}

			if done {
				resealed++
			}
		}

		first := keys.KeyIDs()[0]
		fmt.Fprintf(
			p.out,
			"%d of %d secrets of tools and webhooks encrypted anew, with key %q\n",
			resealed,
			len(all),
			first,
		)

		return errors.Join(left...)
	})
}

// nameSealed says whose secrets they are.
func nameSealed(one db.SealedSecrets) string {
	switch {
	case one.ApprovalID != "":
		return fmt.Sprintf("the change of a tool that waits for approval %s", one.ApprovalID)
	case one.EndpointID != 0:
		return fmt.Sprintf("webhook endpoint %d", one.EndpointID)
	}

	return fmt.Sprintf("tool %d", one.ToolID)
}

// resealSecrets seals the secrets of one tool or webhook endpoint anew, and reports whether that was needed.
func resealSecrets(p *process, s *db.Store, keys *codec.Codec, one db.SealedSecrets) (bool, error) {
	place := toolbox.SecretsPlace(one.WorkspaceID)
	if one.EndpointID != 0 {
		place = toolbox.WebhookPlace(one.WorkspaceID)
	}

	fresh, changed, err := keys.Reseal(place, one.Sealed)
	if err != nil || !changed {
		return false, err
	}

	done, err := s.ReplaceSealed(p.ctx, one, fresh)
	if err == nil && !done {
		err = chat.Errorf(chat.CodeConflict, "it was changed at the same time; run the command again")
	}

	return done, err
}
