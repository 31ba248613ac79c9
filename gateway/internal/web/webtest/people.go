package webtest

import (
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/config"
	"yilian.example/scripts/demo/people"
)

// Now is the time of the tests.
var Now = time.Date(2026, 11, 21, 12, 30, 0, 0, time.UTC)

// Members is the consortium of the tests.
var Members = []config.Member{
	{
		ID:        "donghu",
		NameZH:    "东湖示范医院",
		NameEN:    "Donghu Model Hospital",
		Kind:      "hospital",
		PublicURL: "http://127.0.0.1:8081",
	},
	{
		ID:        "qingshan",
		NameZH:    "青杉社区医院",
		NameEN:    "Qingshan Community Hospital",
		Kind:      "hospital",
		PublicURL: "http://127.0.0.1:8082",
	},
	{ID: "anhe", NameZH: "安禾健康保险", NameEN: "Anhe Insurance", Kind: "insurer", PublicURL: "http://127.0.0.1:8083"},
	{
		ID:        "weijian",
		NameZH:    "示范区卫生健康委员会",
		NameEN:    "Health Commission",
		Kind:      "commission",
		PublicURL: "http://127.0.0.1:8084",
	},
}

// The people of the tests: a patient, a doctor, an auditor and an assessor.
var (
	PatientRef = consortium.NewPatientRef([]byte("a key for tests"), people.IDCardSystem, people.WangXiulanID)
	Wang       = consortium.Actor{
		ID:      "wang",
		Name:    "王秀兰",
		Org:     "donghu",
		Role:    consortium.RolePatient,
		Patient: PatientRef,
	}
	He  = consortium.Actor{ID: "he", Name: "何敏", Org: "donghu", Role: consortium.RoleClinician}
	Gu  = consortium.Actor{ID: "gu", Name: "顾清", Org: "donghu", Role: consortium.RoleAuditor}
	Qin = consortium.Actor{ID: "qin", Name: "秦硕", Org: "donghu", Role: consortium.RoleAssessor}
)
