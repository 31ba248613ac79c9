package anchor

import "context"

// Integrate, Advance and Forget let tests take single steps of a sequencer.
func (s *Sequencer) Integrate(ctx context.Context, lease Lease) (int, error) {
	return s.integrate(ctx, lease)
}
func (s *Sequencer) Advance(ctx context.Context, lease Lease) error { return s.advance(ctx, lease) }
