package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// How long a session lasts: until it was not used for sessionIdle, and never beyond sessionMax.
const (
	sessionIdle = 30 * time.Minute
	sessionMax  = 12 * time.Hour
	sweepEvery  = 10 * time.Minute
)

// SessionStore keeps sessions, so that any gateway of the organisation can serve any request. It sees the hash of a
// session's id, never the id, and what the session holds only sealed.
type SessionStore interface {
	CreateSession(ctx context.Context, org consortium.OrgID, hash [32]byte, sealed []byte, now, expires time.Time) error
	// TouchSession returns what a live session holds and notes that it is in use. fault.NotFound when there is none, or it
	// was idle for too long, or it is past its end.
	TouchSession(
		ctx context.Context, org consortium.OrgID, hash [32]byte, now time.Time, idle time.Duration,
	) (sealed []byte, err error)
	// DestroySession ends it; one that is not there is no error.
	DestroySession(ctx context.Context, org consortium.OrgID, hash [32]byte) error
	// SweepSessions deletes those that TouchSession would refuse, and counts them.
	SweepSessions(ctx context.Context, org consortium.OrgID, now time.Time, idle time.Duration) (int64, error)
}

// session is what is sealed. The end stands in here too, so that nobody with write access to the database can prolong
// it.
type session struct {
	Actor   consortium.Actor `json:"actor"`
	Expires time.Time        `json:"expires"`
}

const sessionIDBytes = 32

// begin makes a session and gives the id for the cookie.
func (a *Auth) begin(ctx context.Context, actor consortium.Actor) (string, error) {
	raw := make([]byte, sessionIDBytes)
	if _, err := io.ReadFull(a.opts.Random, raw); err != nil {
		return "", fmt.Errorf("make session id: %w", err)
	}
	hash := sha256.Sum256(raw)
	now := a.opts.Now()
	s := session{Actor: actor, Expires: now.Add(sessionMax)}
	plain, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("write session: %w", err)
	}
	sealed, err := a.opts.Sealer.Encrypt(plain, a.sessionContext(hash))
	if err != nil {
		return "", fmt.Errorf("seal session: %w", err)
	}
	if err := a.opts.Sessions.CreateSession(ctx, a.opts.Org, hash, sealed, now, s.Expires); err != nil {
		return "", fmt.Errorf("keep session: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// resume returns the person of a session cookie.
func (a *Auth) resume(ctx context.Context, cookie string) (consortium.Actor, error) {
	hash, err := sessionHash(cookie)
	if err != nil {
		return consortium.Actor{}, sessionEnded(err)
	}
	now := a.opts.Now()
	sealed, err := a.opts.Sessions.TouchSession(ctx, a.opts.Org, hash, now, sessionIdle)
	if fault.Is(err, fault.NotFound) {
		return consortium.Actor{}, sessionEnded(err)
	}
	if err != nil {
		return consortium.Actor{}, fmt.Errorf("load session: %w", err)
	}
	plain, err := a.opts.Sealer.Decrypt(sealed, a.sessionContext(hash))
	if err != nil {
		return consortium.Actor{}, sessionEnded(err)
	}
	var s session
	if err := json.Unmarshal(plain, &s); err != nil {
		return consortium.Actor{}, sessionEnded(fmt.Errorf("read session: %w", err))
	}
	if !now.Before(s.Expires) || s.Actor.Org != a.opts.Org {
		return consortium.Actor{}, sessionEnded(errors.New("past its end, or another organisation's"))
	}
	return s.Actor, nil
}

// end destroys the session of a cookie, if there is one.
func (a *Auth) end(ctx context.Context, cookie string) error {
	hash, err := sessionHash(cookie)
	if err != nil {
		return nil // no session can have such an id
	}
	if err := a.opts.Sessions.DestroySession(ctx, a.opts.Org, hash); err != nil {
		return fmt.Errorf("destroy session: %w", err)
	}
	return nil
}

func sessionHash(cookie string) ([32]byte, error) {
	if len(cookie) != base64.RawURLEncoding.EncodedLen(sessionIDBytes) {
		return [32]byte{}, errors.New("session id has the wrong length")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookie)
	if err != nil {
		return [32]byte{}, errors.New("session id is not base64")
	}
	return sha256.Sum256(raw), nil
}

// sessionContext binds what is sealed to this session of this organisation.
func (a *Auth) sessionContext(hash [32]byte) []byte {
	return append([]byte("yilian/session/v1\n"+string(a.opts.Org)+"\n"), hash[:]...)
}

func sessionEnded(err error) error {
	return fault.Wrap(
		err, fault.Unauthorized, CodeSessionEnded,
		"You have been signed out, because nothing happened for a while. Please sign in again.",
	)
}

// sessionCookie names the cookie. The organisation stands in it, as cookies are shared by all ports of a host and a
// development machine runs several gateways; the prefix makes browsers refuse one that was set without https, by a
// sibling domain or for a path.
func (a *Auth) sessionCookie() string { return a.cookieName("session") }

func (a *Auth) cookieName(what string) string {
	name := "yilian-" + string(a.opts.Org) + "-" + what
	if a.secure {
		return "__Host-" + name
	}
	return name
}

// setCookie writes a cookie; age 0 keeps it until the browser closes, below 0 deletes it.
func (a *Auth) setCookie(w http.ResponseWriter, name, value string, age int) {
	http.SetCookie(
		w,
		&http.Cookie{
			Name:     name,
			Value:    value,
			Path:     "/",
			MaxAge:   age,
			Secure:   a.secure,
			HttpOnly: true,
			SameSite: http.SameSiteLaxMode,
		},
	)
}
