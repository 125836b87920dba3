// Makes vectors.json: roots and proofs of golang.org/x/mod/sumdb/tlog and signed notes of
// golang.org/x/mod/sumdb/note, which is another implementation of what libevents/base/merkle.c and
// libevents/flow/note.c do. Run it in this folder: go run . > vectors.json
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const leaves = 20

type proof struct {
	Index  int64    `json:"index"` // of the leaf, or the size of the older tree
	Size   int64    `json:"size"`
	Hashes []string `json:"hashes"`
}

type signed struct {
	Name    string `json:"name"`
	Private string `json:"private"`
	Public  string `json:"public"`
	Note    string `json:"note"`
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func texts(hashes []tlog.Hash) []string {
	found := []string{}
	for _, hash := range hashes {
		found = append(found, hex.EncodeToString(hash[:]))
	}
	return found
}

// A key that is the same in every run: its seed is so many times the same byte.
func keyOf(name string, fill byte) (private, public string) {
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = fill
	}
	public, err := note.NewEd25519VerifierKey(name, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
	check(err)
	hash := public[len(name)+1 : len(name)+9]
	return fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", name, hash,
		base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))), public
}

func sign(name string, fill byte, text string) signed {
	private, public := keyOf(name, fill)
	signer, err := note.NewSigner(private)
	check(err)
	made, err := note.Sign(&note.Note{Text: text}, signer)
	check(err)
	return signed{name, private, public, string(made)}
}

func main() {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := []tlog.Hash{}
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	var roots, data []string
	var inclusion, growth []proof
	var notes, extended []signed
	for n := int64(0); n <= leaves; n++ {
		root, err := tlog.TreeHash(n, reader)
		check(err)
		roots = append(roots, hex.EncodeToString(root[:]))
		notes = append(notes, sign(fmt.Sprintf("quenty/log-%d", n), byte(n), string(tlog.FormatTree(tlog.Tree{N: n, Hash: root}))))
		longer := fmt.Sprintf("%slast-seq %d\n", tlog.FormatTree(tlog.Tree{N: n, Hash: root}), n+1)
		found, err := tlog.ParseTree([]byte(longer))
		check(err)
		if found.N != n || found.Hash != root {
			log.Fatal("an extension line changes what is read")
		}
		extended = append(extended, sign(fmt.Sprintf("quenty/log-%d", n), byte(n), longer))
		for index := int64(0); index < n; index++ {
			hashes, err := tlog.ProveRecord(n, index, reader)
			check(err)
			inclusion = append(inclusion, proof{index, n, texts(hashes)})
			nodes, err := tlog.ProveTree(n, index+1, reader)
			check(err)
			growth = append(growth, proof{index + 1, n, texts(nodes)})
		}
		leaf := []byte(fmt.Sprintf("leaf %d", n))
		if n == 3 {
			leaf = nil // an empty one
		}
		data = append(data, hex.EncodeToString(leaf))
		hashes, err := tlog.StoredHashes(n, leaf, reader)
		check(err)
		stored = append(stored, hashes...)
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"leaves": data[:leaves], "roots": roots, "inclusion": inclusion, "growth": growth, "notes": notes,
		"extended": extended}))
}
