// A verifier that nobody here wrote: golang.org/x/mod/sumdb's note and tlog, against a running server.
//
//	verify [-witness VKEY] PREFIX [CHECKPOINT | RECEIPT.tlog-proof]…
//
// Checks the checkpoint's signature, every entry's inclusion, and for each file given the consistency of its checkpoint
// with the present one; of a receipt, its proof as well. With a witness's key: that it cosigned what is served as
// witnessed, and that this is a beginning of the present one. Prints the size; exits 1 with a line where anything fails.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func get(url string) []byte {
	response, err := http.Get(url)
	must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(err)
	if response.StatusCode != 200 {
		must(fmt.Errorf("%s: %s", url, response.Status))
	}
	return body
}

func head(text []byte, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(text, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		must(fmt.Errorf("origin %q is not the key's name", lines[0]))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: root}
}

type tiles string

func (tiles) Height() int                     { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (prefix tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		found = append(found, get(string(prefix)+"/tile/"+strings.TrimPrefix(tile.Path(), "tile/8/")))
	}
	return found, nil
}

func entries(prefix string, size int64) [][]byte {
	var found [][]byte
	for n := int64(0); n*256 < size; n++ {
		wide := size - n*256
		if wide > 256 {
			wide = 256
		}
		path := strings.TrimPrefix(tlog.Tile{H: 8, L: 0, N: n, W: int(wide)}.Path(), "tile/8/0/")
		body := get(prefix + "/tile/entries/" + path)
		for len(body) > 0 {
			length := binary.BigEndian.Uint16(body)
			found = append(found, body[2:2+length])
			body = body[2+length:]
		}
	}
	return found
}

func receipt(text string, now tlog.Tree, verifier note.Verifier) []byte {
	parts := strings.SplitN(text, "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	must(err)
	var extra struct{ Entry json.RawMessage }
	must(json.Unmarshal(raw, &extra))
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	must(err)
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		must(err)
		proof = append(proof, hash)
	}
	then := head([]byte(parts[1]), verifier)
	must(tlog.CheckRecord(proof, then.N, then.Hash, index, tlog.RecordHash(extra.Entry)))
	return []byte(parts[1])
}

// A cosigner of C2SP tlog-cosignature, v1: to the note library a verifier like any other.
type cosigner struct {
	name string
	key  []byte // 0x04 and the public key
}

func newCosigner(vkey string) cosigner {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		must(fmt.Errorf("%q is no vkey", vkey))
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	must(err)
	found := cosigner{parts[0], key}
	if len(key) != 33 || key[0] != 4 || fmt.Sprintf("%08x", found.KeyHash()) != parts[1] {
		must(fmt.Errorf("%q is no vkey of a cosigner", vkey))
	}
	return found
}

func (c cosigner) Name() string { return c.name }
func (c cosigner) KeyHash() uint32 {
	hash := sha256.Sum256(append([]byte(c.name+"\n"), c.key...))
	return binary.BigEndian.Uint32(hash[:])
}
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(signature))
	return ed25519.Verify(c.key[1:], append([]byte(head), text...), signature[8:])
}

func cosigned(text []byte, verifier note.Verifier, witness cosigner) {
	opened, err := note.Open(text, note.VerifierList(verifier, witness))
	must(err)
	for _, signature := range opened.Sigs {
		if signature.Name == witness.name && signature.Hash == witness.KeyHash() {
			return
		}
	}
	must(fmt.Errorf("no cosignature by %s", witness.name))
}

func follows(now, then tlog.Tree, reader tlog.HashReader) {
	if then.N == 0 {
		return
	}
	proof, err := tlog.ProveTree(now.N, then.N, reader)
	must(err)
	must(tlog.CheckTree(proof, now.N, now.Hash, then.N, then.Hash))
}

func main() {
	witness := flag.String("witness", "", "the key of a witness")
	flag.Parse()
	prefix := flag.Arg(0)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(get(prefix + "/key"))))
	must(err)
	now := head(get(prefix+"/checkpoint"), verifier)
	reader := tlog.TileHashReader(now, tiles(prefix))
	for index, entry := range entries(prefix, now.N) {
		proof, err := tlog.ProveRecord(now.N, int64(index), reader)
		must(err)
		must(tlog.CheckRecord(proof, now.N, now.Hash, int64(index), tlog.RecordHash(entry)))
	}
	if *witness != "" {
		text := get(prefix + "/witnessed")
		cosigned(text, verifier, newCosigner(*witness))
		follows(now, head(text, verifier), reader)
	}
	for _, path := range flag.Args()[1:] {
		text, err := os.ReadFile(path)
		must(err)
		if strings.HasSuffix(path, ".tlog-proof") {
			text = receipt(string(text), now, verifier)
		}
		follows(now, head(text, verifier), reader)
	}
	fmt.Println(now.N)
}
