package bound

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrAnchor means that an anchor was not sealed by this organisation under that number.
var ErrAnchor = errors.New("the anchor was changed outside this system")

// SealAnchor encrypts what an anchor of heads is about, for its number.
func (k *Key) SealAnchor(seq int64, plain []byte) ([]byte, error) {
	sealed, err := k.heads.Encrypt(plain, anchorPlace(seq))
	if err != nil {
		return nil, fmt.Errorf("seal anchor: %w", err)
	}
	return sealed, nil
}

// OpenAnchor reads what SealAnchor wrote; ErrAnchor where it was not sealed here under that number.
func (k *Key) OpenAnchor(seq int64, sealed []byte) ([]byte, error) {
	plain, err := k.heads.Decrypt(sealed, anchorPlace(seq))
	if err != nil {
		return nil, ErrAnchor
	}
	return plain, nil
}

func anchorPlace(seq int64) []byte {
	return strconv.AppendInt(appendText(nil, "yilian/anchor/v1"), seq, 10)
}
