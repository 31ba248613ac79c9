package people

// coded is a code with its text in Chinese.
type coded struct{ system, code, display, text string }

// Code systems.
const (
	loinc  = "http://loinc.org"
	icd10  = "http://hl7.org/fhir/sid/icd-10"
	snomed = "http://snomed.info/sct"
	atc    = "http://www.whocc.no/atc"
	cvx    = "http://hl7.org/fhir/sid/cvx"
	ucum   = "http://unitsofmeasure.org"
)

// measure is one laboratory value or vital sign: reference range, and how far values spread within it.
type measure struct {
	coded
	unit, ucum string
	low, high  float64
	digits     int
}

// panel is a group of measures that a laboratory reports together.
type panel struct {
	coded
	measures []measure
}

var bloodCount = panel{coded{loinc, "58410-2", "CBC panel - Blood by Automated count", "血常规"}, []measure{
	{
		coded{loinc, "6690-2", "Leukocytes [#/volume] in Blood by Automated count", "白细胞计数"},
		"10^9/L",
		"10*9/L",
		3.5,
		9.5,
		2,
	},
	{
		coded{loinc, "789-8", "Erythrocytes [#/volume] in Blood by Automated count", "红细胞计数"},
		"10^12/L",
		"10*12/L",
		3.8,
		5.8,
		2,
	},
	{coded{loinc, "718-7", "Hemoglobin [Mass/volume] in Blood", "血红蛋白"}, "g/L", "g/L", 115, 175, 0},
	{coded{loinc, "777-3", "Platelets [#/volume] in Blood by Automated count", "血小板计数"}, "10^9/L", "10*9/L", 125, 350, 0},
}}

var liver = panel{coded{loinc, "24325-3", "Hepatic function 2000 panel - Serum or Plasma", "肝功能"}, []measure{
	{
		coded{loinc, "1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "丙氨酸氨基转移酶"},
		"U/L",
		"U/L",
		7,
		40,
		0,
	},
	{
		coded{loinc, "1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "天门冬氨酸氨基转移酶"},
		"U/L",
		"U/L",
		13,
		35,
		0,
	},
	{coded{loinc, "14631-6", "Bilirubin.total [Moles/volume] in Serum or Plasma", "总胆红素"}, "μmol/L", "umol/L", 3.4, 21, 1},
	{coded{loinc, "1751-7", "Albumin [Mass/volume] in Serum or Plasma", "白蛋白"}, "g/L", "g/L", 40, 55, 1},
}}

var sugar = panel{coded{loinc, "14749-6", "Glucose [Moles/volume] in Serum or Plasma", "血糖"}, []measure{
	{coded{loinc, "14749-6", "Glucose [Moles/volume] in Serum or Plasma", "葡萄糖"}, "mmol/L", "mmol/L", 3.9, 6.1, 2},
	{coded{loinc, "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "糖化血红蛋白"}, "%", "%", 4, 6, 1},
}}

// drug is one prescription line.
type drug struct {
	coded
	dosage  string
	daily   int // times a day
	dose    float64
	unit    string
	reasons string // the diagnosis it is for
}

// course is why somebody is in care, and what that does to their values.
type course struct {
	name      string
	diagnosis coded
	acute     bool
	factors   map[string]float64 // LOINC code -> value as a multiple of the upper limit
	systolic  int
	drugs     []drug
	ct        string // conclusion of a chest CT; "" for none
	findings  string
}

var courses = []course{
	{
		name: "diabetes", diagnosis: coded{icd10, "E11.9", "Type 2 diabetes mellitus without complications", "2型糖尿病"},
		systolic: 132,
		factors:  map[string]float64{"14749-6": 1.5, "4548-4": 1.35, "1742-6": 1.2},
		drugs:    []drug{{coded{atc, "A10BA02", "metformin", "盐酸二甲双胍片"}, "每次0.5克，每日两次，餐中口服", 2, 0.5, "g", "2型糖尿病"}},
		ct:       "双肺未见明显异常；肝脏密度略减低，提示轻度脂肪肝。", findings: "双肺纹理清晰，未见实变及结节。纵隔未见肿大淋巴结。扫及肝脏密度略低于脾脏。",
	},
	{
		name: "hypertension", diagnosis: coded{icd10, "I10", "Essential (primary) hypertension", "原发性高血压"}, systolic: 158,
		drugs: []drug{{coded{atc, "C08CA01", "amlodipine", "苯磺酸氨氯地平片"}, "每次5毫克，每日一次，晨起口服", 1, 5, "mg", "原发性高血压"}},
		ct:    "胸部CT平扫未见明显异常。", findings: "双肺纹理清晰，气管及主支气管通畅。心影不大，主动脉未见明显钙化。",
	},
	{
		name: "pneumonia", diagnosis: coded{icd10, "J18.9", "Pneumonia, unspecified organism", "社区获得性肺炎"}, acute: true,
		systolic: 124,
		factors:  map[string]float64{"6690-2": 1.55},
		drugs: []drug{
			{coded{atc, "J01MA14", "moxifloxacin", "盐酸莫西沙星片"}, "每次0.4克，每日一次，口服，疗程七日", 1, 0.4, "g", "社区获得性肺炎"},
			{coded{atc, "R05CB06", "ambroxol", "盐酸氨溴索片"}, "每次30毫克，每日三次，餐后口服", 3, 30, "mg", "咳嗽、咳痰"},
		},
		ct: "右肺下叶斑片状实变影，考虑感染性病变，建议治疗后复查。", findings: "右肺下叶后基底段见斑片状高密度影，边界模糊，其内可见支气管充气征。余肺野清晰。双侧胸腔未见积液。",
	},
	{
		name: "hepatitis", diagnosis: coded{icd10, "K76.0", "Fatty (change of) liver, not elsewhere classified", "非酒精性脂肪性肝病"},
		systolic: 128,
		factors:  map[string]float64{"1742-6": 2.1, "1920-8": 1.6, "14631-6": 1.1},
		drugs:    []drug{{coded{atc, "A05BA", "liver therapy", "多烯磷脂酰胆碱胶囊"}, "每次456毫克，每日三次，餐中口服", 3, 456, "mg", "脂肪性肝病"}},
		ct:       "肝脏密度弥漫性减低，符合脂肪肝表现。", findings: "肝脏体积略大，密度弥漫性低于脾脏，肝内血管显示尚清。胆囊不大。",
	},
}
