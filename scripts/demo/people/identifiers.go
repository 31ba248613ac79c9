package people

import (
	"fmt"
	"time"

	"yilian.example/exchange/identity"
)

// The three people of the demonstration. Their numbers have a valid check character (GB 11643) but can belong to
// nobody: no area of China has a code that begins with 99. The development OpenID provider's seed names the same
// numbers.
const (
	// IDCardSystem is the FHIR system of the resident identity number.
	IDCardSystem = identity.ResidentNumber

	WangXiulanID = "990000195803120260" // 王秀兰, female, born 1958-03-12
	LiJianguoID  = "990000196507280133" // 李建国, male, born 1965-07-28
	ChenYuID     = "99000019921105048X" // 陈雨, female, born 1992-11-05
)

// residentID makes a resident identity number: six digits of area, the date of birth, three of sequence (odd for men),
// a check character.
func residentID(area int, birth time.Time, sequence int) string {
	body := fmt.Sprintf("%06d%s%03d", area, birth.Format("20060102"), sequence)
	return body + string(identity.CheckCharacter(body))
}
