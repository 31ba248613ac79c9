package cockroachtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Answer is all that the server says to one statement or batch, on one connection.
type Answer struct {
	// Command is the last that was completed, in the server's words: "INSERT 0 1", "COMMIT".
	Command string
	// Since is when the answer before this one was passed on: what this one answers was not asked earlier.
	Since time.Time
}

// Proxied returns an address under which the database of another is reached through a proxy, so that who uses it can be
// held up from outside. Each answer is passed on when hear returns; it is called for several connections at once.
func Proxied(t testing.TB, database string, hear func(Answer)) string {
	t.Helper()
	server, err := pgconn.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the test is over
			}
			running.Go(func() { relay(t.Context(), client, server, hear) })
		}
	})
	address.Host = listener.Addr().String()
	plain := address.Query()
	plain.Set("sslmode", "disable") // the proxy reads along
	address.RawQuery = plain.Encode()
	return address.String()
}

// Hanging returns an address as Proxied does, and what makes the database hang: it takes what it is asked, and says
// nothing more until the test is over.
func Hanging(t testing.TB, database string) (string, func()) {
	t.Helper()
	hung := make(chan struct{})
	address := Proxied(t, database, func(Answer) {
		select {
		case <-hung:
			<-t.Context().Done()
		default:
		}
	})
	return address, func() { close(hung) }
}

// relay serves one connection until either side, or the test, ends it.
func relay(ctx context.Context, client net.Conn, to *pgconn.Config, hear func(Answer)) {
	defer client.Close()
	network, address := pgconn.NetworkAddress(to.Host, to.Port)
	server, err := net.Dial(network, address)
	if err != nil {
		return // the client sees its connection end, and says so
	}
	defer server.Close()
	defer context.AfterFunc(ctx, func() { _, _ = client.Close(), server.Close() })()
	var asking sync.WaitGroup
	defer asking.Wait()
	asking.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	passAnswers(bufio.NewWriter(client), bufio.NewReader(server), hear)
	_ = client.Close()
}

// The server's messages that matter here, by their first byte.
const (
	authentication  = 'R' // more of these may follow, each after a word of the client
	commandComplete = 'C'
	readyForQuery   = 'Z' // ends an answer
)

// passAnswers passes the server's messages on: one byte for what it is, four for its length without that byte.
func passAnswers(client *bufio.Writer, server io.Reader, hear func(Answer)) {
	defer client.Flush() // of a refusal to let somebody in, nothing more follows
	answer := Answer{Since: time.Now()}
	for {
		var head [5]byte
		if _, err := io.ReadFull(server, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(server, body); err != nil {
			return
		}
		switch head[0] {
		case commandComplete:
			answer.Command = string(bytes.TrimSuffix(body, []byte{0}))
		case readyForQuery:
			hear(answer)
			answer = Answer{Since: time.Now()}
		}
		_, _ = client.Write(head[:])
		_, _ = client.Write(body)
		if head[0] != readyForQuery && head[0] != authentication {
			continue
		}
		if err := client.Flush(); err != nil {
			return
		}
	}
}
