package policy.lib_test

# Each fixture is allowed; the tests change one thing at a time.

now := 1795000000

base := {
	"org": "donghu",
	"query": {
		"actor": {"id": "u1", "org": "donghu", "role": "clinician", "patient": ""},
		"purpose": "TREAT",
		"action": "read",
		"custodian": "donghu",
		"patient": "p1",
		"kinds": ["diagnoses", "observations"],
		"time": now,
	},
	"facts": {"care": true, "consents": [], "invitations": []},
}

system := object.union(base, {"query": {
	"actor": {"id": "his", "role": "system"},
	"purpose": "HOPERAT",
	"action": "store",
}})

self := object.union(base, {
	"query": {"actor": {"id": "s1", "role": "patient", "patient": "p1"}, "purpose": "PATRQT"},
	"facts": {"care": false},
})

granted := {
	"id": "c1",
	"custodian": "donghu",
	"recipient": "qingshan",
	"purpose": "TREAT",
	"kinds": ["diagnoses", "observations", "reports"],
	"from": now - 3600,
	"until": now + 3600,
	"state": "granted",
}

releasing := object.union(base, {
	"query": {"actor": {"id": "u9", "org": "qingshan"}, "action": "release"},
	"facts": {"care": false, "consents": [granted]},
})

assessor := object.union(base, {
	"query": {"actor": {"id": "a1", "role": "assessor"}, "purpose": "HPAYMT", "action": "ask"},
	"facts": {"care": false},
})

recalling := object.union(base, {
	"query": {"actor": {"org": "qingshan"}, "action": "recall", "custodian": "qingshan"},
	"org": "qingshan",
	"facts": {"care": false, "invitations": [granted]},
})

asking := object.union(base, {"query": {"action": "ask"}})

# People of other members, whose gateways ask what is held here.

member_clinician := object.union(base, {
	"query": {"actor": {"id": "u9", "org": "qingshan"}, "action": "locate"},
	"facts": {"care": false},
})

member_patient := object.union(member_clinician, {"query": {
	"actor": {"id": "s9", "role": "patient", "patient": "p1"},
	"purpose": "PATRQT",
}})

member_assessor := object.union(member_clinician, {
	"query": {"actor": {"id": "a9", "org": "anhe", "role": "assessor"}, "purpose": "HPAYMT"},
	"facts": {"consents": [object.union(granted, {"recipient": "anhe", "purpose": "HPAYMT"})]},
})

received_under(change) := object.union(recalling, {"facts": {"invitations": [object.union(granted, change)]}})

with_consent(change) := object.union(releasing, {"facts": {"consents": [object.union(granted, change)]}})

codes(answer) := [r.code | some r in answer.reasons]
