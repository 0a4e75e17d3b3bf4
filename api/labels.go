package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"handrail/chat"
)

// labelJSON is a label.
type labelJSON struct {
	ID          chat.LabelID `json:"id"`
	Name        string       `json:"name"`
	Color       string       `json:"color"`
	Description string       `json:"description"`
	CreatedAt   time.Time    `json:"created_at"`
}

func presentLabel(l chat.Label) labelJSON {
	return labelJSON{
		ID:          l.ID,
		Name:        l.Name,
		Color:       l.Color,
		Description: l.Description,
		CreatedAt:   l.CreatedAt.UTC(),
	}
}

var exampleLabel = labelJSON{
	ID:          3,
	Name:        "vip",
	Color:       "#3366ff",
	Description: "Customers with a service contract.",
	CreatedAt:   exampleTime,
}

// newLabelJSON makes a label.
type newLabelJSON struct {
	Name        string `json:"name" minLength:"1" maxLength:"50" doc:"Unique in the workspace, whatever the case."`
	Color       string `json:"color,omitempty" pattern:"^(#[0-9a-fA-F]{6})?$" doc:"Like #3366ff."`
	Description string `json:"description,omitempty" maxLength:"500" doc:"When the label fits; the model is told."`
}

// labelPatchJSON changes a label.
type labelPatchJSON struct {
	Name        *string `json:"name,omitempty" minLength:"1" maxLength:"50"`
	Color       *string `json:"color,omitempty" nullable:"true" pattern:"^(#[0-9a-fA-F]{6})?$" doc:"Like #3366ff."`
	Description *string `json:"description,omitempty" nullable:"true" maxLength:"500"`
}

func (s *service) labelRoutes() {
	registerRoute(s, s.listLabels, route{
		method:      http.MethodGet,
		path:        "/chat-labels",
		access:      withScope(chat.ScopeLabelsRead),
		id:          "listLabels",
		tag:         tagLabels,
		summary:     "List labels",
		description: "By name.",
		answer:      listOf(exampleLabel),
	})

	registerRoute(s, s.createLabel, route{
		method:   http.MethodPost,
		path:     "/chat-labels",
		access:   withScope(chat.ScopeChatsWrite),
		id:       "createLabel",
		tag:      tagLabels,
		summary:  "Create a label",
		status:   http.StatusCreated,
		answer:   exampleLabel,
		request:  newLabelJSON{Name: "vip", Color: "#3366ff", Description: "Customers with a service contract."},
		problems: []chat.Code{chat.CodeAlreadyExists},
	})

	registerRoute(s, s.getLabel, route{
		method:   http.MethodGet,
		path:     "/chat-labels/{label_id}",
		access:   withScope(chat.ScopeLabelsRead),
		id:       "getLabel",
		tag:      tagLabels,
		summary:  "Get a label",
		answer:   exampleLabel,
		problems: []chat.Code{chat.CodeLabelNotFound},
	})

	registerRoute(s, s.updateLabel, route{
		method:      http.MethodPatch,
		path:        "/chat-labels/{label_id}",
		access:      withScope(chat.ScopeChatsWrite),
		id:          "updateLabel",
		tag:         tagLabels,
		summary:     "Update a label",
		description: "Fields that are left out stay as they are.",
		request:     labelPatchJSON{Color: new("#3366ff")},
		answer:      exampleLabel,
		problems:    []chat.Code{chat.CodeLabelNotFound, chat.CodeAlreadyExists},
	})

	registerRoute(s, s.deleteLabel, route{
		method:      http.MethodDelete,
		path:        "/chat-labels/{label_id}",
		access:      withScope(chat.ScopeChatsWrite),
		id:          "deleteLabel",
		tag:         tagLabels,
		summary:     "Delete a label",
		description: "It is taken off all chats.",
		problems:    []chat.Code{chat.CodeLabelNotFound},
	})
}

func (s *service) listLabels(ctx context.Context, in *pagedInput) (*listOutput[labelJSON], error) {
	all, err := s.store.Labels(ctx, callFrom(ctx).workspace())
	if err != nil {
		return nil, err
	}

	return pageOf(all, in.Paging, func(l chat.Label) string { return chat.FoldName(l.Name) }, presentLabel)
}

type createLabelInput struct{ Body newLabelJSON }

type labelOutput struct{ Body labelJSON }

func (s *service) createLabel(ctx context.Context, in *createLabelInput) (*created[labelJSON], error) {
	c := callFrom(ctx)

	label := chat.Label{Name: in.Body.Name, Color: in.Body.Color, Description: in.Body.Description}
	if err := label.Validate(); err != nil {
		return nil, err
	}

	made, err := s.store.CreateLabel(ctx, c.workspace(), c.actor(), label)
	if err != nil {
		return nil, err
	}

	return &created[labelJSON]{Location: c.path(fmt.Sprintf("/chat-labels/%d", made.ID)), Body: presentLabel(made)}, nil
}

type labelPath struct {
	LabelID chat.LabelID `inPath:"label_id"`
}

func (s *service) getLabel(ctx context.Context, in *labelPath) (*labelOutput, error) {
	c := callFrom(ctx)

	found, err := s.store.Label(ctx, c.workspace(), in.LabelID)
	if err != nil {
		return nil, err
	}

	return &labelOutput{Body: presentLabel(found)}, nil
}

type updateLabelInput struct {
	labelPath

	Body labelPatchJSON
}

func (s *service) updateLabel(ctx context.Context, in *updateLabelInput) (*labelOutput, error) {
	c := callFrom(ctx)

	changed, err := s.store.UpdateLabel(
		ctx,
		c.workspace(),
		c.actor(),
		in.LabelID,
		chat.LabelPatch(in.Body),
	)
	if err != nil {
		return nil, err
	}

	return &labelOutput{Body: presentLabel(changed)}, nil
}

func (s *service) deleteLabel(ctx context.Context, in *labelPath) (*struct{}, error) {
	c := callFrom(ctx)
	return nil, s.store.DeleteLabel(ctx, c.workspace(), c.actor(), in.LabelID)
}
