package main

import (
	"errors"
	"maps"
	"slices"

	"yilian.example/scripts/journey"
)

// second drops the value of a call of which only the error is wanted.
func second[T any](_ T, err error) error { return err }

// errOr returns err, or an error with the text where there is none.
func errOr(err error, text string) error {
	if err != nil {
		return err
	}
	return errors.New(text)
}

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

func firstCode(reasons []journey.Reason) string {
	if len(reasons) == 0 {
		return ""
	}
	return reasons[0].Code
}
