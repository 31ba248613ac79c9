package auditor

import "testing"

// TestProblemsHaveWords holds the texts against what can be wrong with a log.
func TestProblemsHaveWords(t *testing.T) {
	for _, problem := range []string{"UNREACHABLE", "UNREGISTERED", "DISAGREES", "BEHIND", "UNKNOWN"} {
		if _, ok := texts["audit.problem."+problem]; !ok {
			t.Errorf("%s has no words", problem)
		}
	}
}
