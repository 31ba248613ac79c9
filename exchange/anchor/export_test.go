package anchor

import "context"

// Integrate and Advance let tests take single steps of a sequencer.
func (s *Sequencer) Integrate(ctx context.Context, lease Lease) (int, error) {
	return s.integrate(ctx, lease)
}
func (s *Sequencer) Advance(ctx context.Context, lease Lease) error { return s.advance(ctx, lease) }

// SetAdvanceMax sets how many entries one checkpoint may add.
func (s *Sequencer) SetAdvanceMax(n int64) { s.advanceMax = n }
