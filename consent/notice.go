package consent

import (
	"fmt"
	"strings"
	"time"

	"yilian.example/exchange/consortium"
)

// NoticeVersion names the wording below. Any change of wording needs a new version: it stands in every signed statement
// (PIPL 7).
const NoticeVersion = "2026-11"

// Lang is a language that the notice is written in.
type Lang string

// The languages.
const (
	Chinese Lang = "zh"
	English Lang = "en"
)

// Valid reports whether there is a notice in the language.
func (l Lang) Valid() bool { return l == Chinese || l == English }

// Party is a member as the notice names it (PIPL 23 asks for name and contact).
type Party struct {
	ID      consortium.OrgID
	Kind    consortium.OrgKind
	NameZH  string
	NameEN  string
	Contact string // where a person can reach it
}

func (p Party) name(lang Lang) string {
	if lang == Chinese {
		return p.NameZH
	}
	return p.NameEN
}

// beijing is the time of day that the notice speaks: China has one.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// Text is the statement in plain words that the patient reads and signs, paragraphs separated by line feeds. It says
// what PIPL 17, 23, 29 and 30 ask: who gives, who receives and how to reach them, purpose, method, kinds, period,
// necessity, effect on the person, and what refusal and withdrawal do. It depends on nothing but its arguments, so that
// the server can derive it again and compare.
func Text(terms Terms, custodian, recipient Party) string {
	if terms.Lang == Chinese {
		return textZH(terms, custodian, recipient)
	}
	return textEN(terms, custodian, recipient)
}

func textZH(t Terms, custodian, recipient Party) string {
	return strings.Join([]string{
		"健康记录提供单独同意书（" + NoticeVersion + "）",
		fmt.Sprintf("提供方：%s，联系方式：%s。", custodian.name(Chinese), custodian.Contact),
		fmt.Sprintf("接收方：%s，联系方式：%s。", recipient.name(Chinese), recipient.Contact),
		"目的：" + purposeZH[t.Purpose] + "。接收方不得用于其他目的，也不得再提供给别人。",
		"方式：接收方每次提出请求，提供方核对本同意后，经加密通道只提供所请求的内容；每次请求无论是否提供都会留下记录，您可以随时查看。",
		"种类：" + strings.Join(KindNames(t.Kinds, Chinese), "、") + "。",
		fmt.Sprintf("期限：%s 至 %s（北京时间），到期自动失效。已提供的记录由接收方依法定病历保存期限保存，期满删除。", clockZH(t.From), clockZH(t.Until)),
		"必要性：" + necessityZH[t.Purpose],
		"对您的影响：健康记录是敏感个人信息，一旦泄露或被滥用，可能使您受到歧视，或使人身、财产安全受到危害。提供后，接收方有关人员会看到上述内容。",
		"拒绝或撤回：您可以不同意，也可以随时在“我的授权”中一键撤回，撤回立即生效。拒绝或撤回不影响您在提供方就诊；撤回不影响撤回前已经提供的记录。",
		"您的权利：您可以向提供方或接收方要求查阅、复制、更正、删除您的记录，或要求解释处理规则。",
		"账本：各成员共同保管的账本只记录本同意的摘要、签名和期限，不记录您的身份、机构、目的和健康内容。",
	}, "\n")
}

func textEN(t Terms, custodian, recipient Party) string {
	return strings.Join([]string{
		"Separate consent to hand over health records (" + NoticeVersion + ")",
		fmt.Sprintf("From: %s, contact: %s.", custodian.name(English), custodian.Contact),
		fmt.Sprintf("To: %s, contact: %s.", recipient.name(English), recipient.Contact),
		"Purpose: " + purposeEN[t.Purpose] + ". The recipient may not use the records for anything else, nor hand them on.",
		"Method: each time the recipient asks, the holder checks this consent and sends only what was asked for, " +
			"encrypted. Every request, " +
			"granted or refused, is recorded, and you can see it at any time.",
		"Kinds: " + strings.Join(KindNames(t.Kinds, English), ", ") + ".",
		fmt.Sprintf(
			"Period: %s to %s (Beijing time); it then ends by itself. The recipient keeps what it received for as long as "+
				"the law asks for "+
				"medical records, then deletes it.",
			clockEN(t.From),
			clockEN(t.Until),
		),
		"Why it is needed: " + necessityEN[t.Purpose],
		"What it means for you: health records are sensitive personal information. If they leak or are misused, you may " +
			"be treated unfairly, or your " +
			"safety or property may be harmed. Staff of the recipient who deal with your case will see the kinds named above.",
		"Refusing or withdrawing: you may refuse, and you may withdraw at any time with one click under \"My consents\"; " +
			"this counts at once. Neither " +
			"affects your care at the holder. Withdrawal does not undo what was handed over before.",
		"Your rights: you can ask either side to show, copy, correct or delete your records, and to explain how it " +
			"handles them.",
		"Ledger: the ledger that all members keep together records only a digest, the signatures and the period of this " +
			"consent; not who you are, nor " +
			"the organisations, the purpose or any health content.",
	}, "\n")
}

func clockZH(t time.Time) string { return t.In(beijing).Format("2006年1月2日15:04:05") }

func clockEN(t time.Time) string { return t.In(beijing).Format("2 January 2006, 15:04:05") }

var purposeZH = map[consortium.Purpose]string{
	consortium.Treatment: "为您诊断和治疗",
	consortium.Payment:   "审核您的保险理赔",
}

var purposeEN = map[consortium.Purpose]string{
	consortium.Treatment: "to diagnose and treat you",
	consortium.Payment:   "to assess your insurance claim",
}

var necessityZH = map[consortium.Purpose]string{
	consortium.Treatment: "医生了解您以往的检查、诊断和用药，才能避免重复检查、用药冲突和误判。",
	consortium.Payment:   "保险机构需要核对与理赔有关的就诊内容，才能作出理赔决定。",
}

var necessityEN = map[consortium.Purpose]string{
	consortium.Treatment: "knowing earlier tests, diagnoses and medicines lets the doctor avoid repeated tests, " +
		"conflicting medicines and wrong conclusions.",
	consortium.Payment: "the insurer has to check the visits that the claim is about before it can decide on it.",
}

var kindNames = map[consortium.Kind][2]string{
	consortium.Demographics:  {"基本信息", "personal details"},
	consortium.Encounters:    {"就诊", "visits"},
	consortium.Diagnoses:     {"诊断", "diagnoses"},
	consortium.Observations:  {"检验结果与生命体征", "test results and vital signs"},
	consortium.Reports:       {"检查检验报告", "laboratory and imaging reports"},
	consortium.Medications:   {"用药", "medicines"},
	consortium.Procedures:    {"手术与操作", "procedures"},
	consortium.Immunizations: {"预防接种", "vaccinations"},
}

// KindNames names kinds in the order in which people read them, not in that of the codes.
func KindNames(kinds []consortium.Kind, lang Lang) []string {
	var names []string
	for _, known := range consortium.PatientKinds() {
		for _, k := range kinds {
			if k != known {
				continue
			}
			if lang == Chinese {
				names = append(names, kindNames[k][0])
			} else {
				names = append(names, kindNames[k][1])
			}
		}
	}
	return names
}
