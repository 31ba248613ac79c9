package exchange

import (
	"slices"

	"yilian.example/exchange/consortium"
)

// DecideKinds asks a policy about all kinds of data at once, which is enough for most. Where that is refused it asks
// kind by kind and then about those that are allowed; when none is, the refusal about all of them stands.
func DecideKinds(
	ask func([]consortium.Kind) (consortium.Decision, error),
) (consortium.Decision, error) {
	all := consortium.PatientKinds()
	slices.Sort(all)
	whole, err := ask(all)
	if err != nil || whole.Allow {
		return whole, err
	}
	var some []consortium.Kind
	for _, kind := range all {
		d, err := ask([]consortium.Kind{kind})
		if err != nil {
			return consortium.Decision{}, err
		}
		if d.Allow {
			some = append(some, kind)
		}
	}
	if len(some) == 0 {
		return whole, nil
	}
	return ask(some)
}
