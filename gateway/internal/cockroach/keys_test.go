package cockroach_test

import (
	"testing"

	"yilian.example/consent/consenttest"
	"yilian.example/consent/policy"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// TestAKeyIsNeverMadeAnewWhereDataExist deletes the key of a patient of whom there are records, consents or accesses
// alone: another key would hide that what was sealed before cannot be opened any more.
func TestAKeyIsNeverMadeAnewWhereDataExist(t *testing.T) {
	rules, err := policy.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ref := patientRef(1)
	for name, put := range map[string]func(t *testing.T, db *cockroach.DB){
		"records": func(t *testing.T, db *cockroach.DB) {
			mustStore(t, newRecords(t, db, "donghu", keyFiles(t)), observation(ref, "o1", 1, "x"))
		},
		"consents alone": func(t *testing.T, db *cockroach.DB) {
			patient := consenttest.Self
			patient.Patient = ref
			newCustodian(t, db, keyFiles(t), rules).grant(t.Context(), t, patient)
		},
		"accesses alone": func(t *testing.T, db *cockroach.DB) {
			if err := newRecords(t, db, "donghu", keyFiles(t)).LogAccess(
				t.Context(), allow("donghu", ref, consortium.Observations),
			); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := cockroachtest.New(t)
			put(t, db)
			deleted, err := db.Pool().Exec(t.Context(), `DELETE FROM patient_keys WHERE patient = $1`, ref)
			if err != nil || deleted.RowsAffected() != 1 {
				t.Fatalf("%d keys deleted, %v", deleted.RowsAffected(), err)
			}
			fresh := newRecords(t, db, "donghu", keyFiles(t)) // a process that has not got it in memory
			_, stored := fresh.Store(t.Context(), []exchange.Put{observation(ref, "o2", 1, "y")})
			logged := fresh.LogAccess(t.Context(), allow("donghu", ref, consortium.Observations))
			for what, err := range map[string]error{"stored": stored, "logged": logged} {
				if fault.Of(err).Code != cockroach.CodeKeyMissing {
					t.Errorf("%s: %v", what, err)
				}
			}
			if n := count(t, db, `SELECT count(*) FROM patient_keys WHERE patient = $1`, ref); n != 0 {
				t.Errorf("%d keys were made anew", n)
			}
			if known, err := db.KnowsPatient(t.Context(), "donghu", ref); err != nil || !known {
				t.Errorf("known: %v, %v", known, err)
			}
		})
	}
}

// TestAskingAboutStrangersKeepsNoRowOfTheirs asks 200 times, over the real database, about people on whom nothing is
// held.
func TestAskingAboutStrangersKeepsNoRowOfTheirs(t *testing.T) {
	rules, err := policy.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	db := cockroachtest.New(t)
	h := newCustodian(t, db, keyFiles(t), rules)
	for n := range 200 {
		if got := h.ask(t.Context(), t, patientRef(1000+n)); got != "nothing" {
			t.Fatalf("answered with %s", got)
		}
	}
	for _, table := range []string{"patient_keys", "access_log", "access_heads", "heads", "releases", "consents"} {
		column := "patient"
		if table == "heads" {
			column = "scope"
		}
		if n := count(t, db, `SELECT count(*) FROM `+table+` WHERE `+column+` <> ''`); n != 0 {
			t.Errorf("%d rows of %s are about people who are not known here", n, table)
		}
	}
	if n := count(t, db, `SELECT count(*) FROM releases`); n != 200 {
		t.Errorf("%d askings are on record, want 200", n)
	}
}

func count(t *testing.T, db *cockroach.DB, sql string, args ...any) int {
	t.Helper()
	var n int
	if err := db.Pool().QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
