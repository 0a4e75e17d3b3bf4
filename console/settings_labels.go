package console

import (
	"github.com/a-h/templ"

	"handrail/client"
)

func (h *Handler) labelRoutes() {
	h.page("/settings/labels", h.showLabels)
	h.form("/settings/labels", h.createLabel, h.showLabels)
	h.form("/settings/labels/{id}", h.updateLabel, h.showLabels)
	h.form("/settings/labels/{id}/delete", deleteAt("/settings/labels", deleteLabel), h.showLabels)
}

func (h *Handler) showLabels(v *viewer) (templ.Component, error) {
	answer, err := v.ListLabelsWithResponse(v.ctx(), v.ws(), &client.ListLabelsParams{
		Limit:  new(pageLimit),
		Cursor: readCursor(v),
	})
	if err != nil {
		return nil, err
	}

	return labelsPage(v, answer.JSON200.Items, v.nextPage("/settings/labels", answer.JSON200.NextCursor)), nil
}

func (h *Handler) createLabel(v *viewer) (templ.SafeURL, error) {
	params := &client.CreateLabelParams{IdempotencyKey: v.once()}
	_, err := v.CreateLabelWithResponse(v.ctx(), v.ws(), params, client.NewLabel{
		Name:        readText(v, "name"),
		Description: v.given("description"),
		Color:       v.given("color"),
	})

	return v.path("/settings/labels"), err
}

func (h *Handler) updateLabel(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	_, err = v.UpdateLabelWithResponse(v.ctx(), v.ws(), id, client.LabelPatch{
		Name:        new(readText(v, "name")),
		Description: new(readText(v, "description")),
		Color:       new(readText(v, "color")),
	})

	return v.path("/settings/labels"), err
}

func deleteLabel(v *viewer, id int64) error {
	_, err := v.DeleteLabelWithResponse(v.ctx(), v.ws(), id)

	return err
}
