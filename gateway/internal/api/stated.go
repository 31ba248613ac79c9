package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/api/purpose"
)

// stated is the input of operations that need to know what the data are for.
type stated struct {
	Purpose string `header:"Purpose-Of-Use" doc:"One code of HL7 v3 PurposeOfUse; needed unless the token names one"`

	said []string // the header as often as it was sent
}

// Resolve keeps all values: huma itself reads the first.
func (s *stated) Resolve(ctx huma.Context) []error {
	s.said = humagin.Unwrap(ctx).Request.Header.Values(purpose.Header)
	return nil
}

func (s *stated) purpose(ctx context.Context) (consortium.Purpose, error) {
	return purpose.From(ctx, s.said)
}
