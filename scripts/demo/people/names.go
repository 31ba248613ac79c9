package people

// Families are the most frequent ones; the characters of given names are common and carry no one's identity. Families
// of two characters are among them, since software that splits names by position meets them.
var (
	families = []string{
		"王",
		"李",
		"张",
		"刘",
		"陈",
		"杨",
		"黄",
		"赵",
		"吴",
		"周",
		"徐",
		"孙",
		"马",
		"朱",
		"胡",
		"郭",
		"何",
		"林",
		"高",
		"罗",
		"欧阳",
		"上官",
		"司马",
	}
	givenFemale = []string{
		"芳",
		"娜",
		"敏",
		"静",
		"丽",
		"艳",
		"娟",
		"霞",
		"秀英",
		"桂英",
		"玉兰",
		"丹丹",
		"婷婷",
		"雪梅",
		"思雨",
		"梓涵",
		"欣怡",
		"诗涵",
	}
	givenMale = []string{
		"伟",
		"强",
		"磊",
		"军",
		"洋",
		"勇",
		"杰",
		"涛",
		"建华",
		"志强",
		"国栋",
		"文博",
		"浩然",
		"子轩",
		"宇航",
		"俊杰",
		"明轩",
		"海涛",
	}
)

// name draws a full name.
func (g *Generator) name(female bool) string {
	given := givenMale
	if female {
		given = givenFemale
	}
	return families[g.rand.IntN(len(families))] + given[g.rand.IntN(len(given))]
}

// splitName parts a name into family and given name.
func splitName(name string) (family, given string) {
	for _, f := range families {
		if len(f) > len("王") && len(name) > len(f) && name[:len(f)] == f {
			return f, name[len(f):]
		}
	}
	return name[:len("王")], name[len("王"):]
}
