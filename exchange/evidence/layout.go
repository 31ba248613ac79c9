package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// layOut writes a value in the one form in which files are handed out: keys in the order of the format, two spaces of
// indentation, a line feed at the end.
func layOut(v any) ([]byte, error) {
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write file: %w", err)
	}
	return append(out, '\n'), nil
}

// readExactly reads what layOut wrote, and refuses every other bytes. Readers of JSON differ in what they make of a key
// that is there twice, or in other letters, or of base64 with bits to spare: where only one sequence of bytes is taken
// for each content, they cannot differ, and no byte can be changed unnoticed. The errors quote nothing of the file.
func readExactly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return errors.New("it has unknown or malformed keys")
	}
	again, err := layOut(into)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		return errors.New("it is not byte for byte as it was handed out: " +
			"a key is doubled or written differently, or its layout was changed, or something was added")
	}
	return nil
}
