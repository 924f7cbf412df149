// Command vectors records what Kubernetes' own Go libraries answer, so that the Python types in
// informers/meta can be held to them without Go at hand.
//
// Regenerate with
//
//	cd hack/vectors && go run . ../../tests/unit/informers/meta/vectors
//
// Inputs are edge cases written by hand plus random ones from a fixed seed: the same versions in
// go.mod give the same bytes. Each file is one JSON object; each vector is one array on its own
// line, whose columns are named where it is built. A new Kubernetes release is a new version in
// go.mod, a new run, and a diff to read.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// vector is one line: the inputs, then the answers.
type vector []any

// section is a named list of vectors inside a file.
type section struct {
	name    string
	vectors []vector
}

var files = []struct {
	name  string
	build func(*rand.Rand) []section
}{
	{"quantity.json", quantityParsing},
	{"quantity_arithmetic.json", quantityArithmetic},
	{"int_or_string.json", intOrString},
	{"duration.json", durations},
	{"time.json", times},
	{"label_selectors.json", labelSelectors},
	{"field_selectors.json", fieldSelectors},
	{"names.json", names},
	{"conditions.json", conditions},
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run . DIRECTORY (the vectors directory of the unit tests)")
	}
	for i, file := range files {
		// Each file has its own generator: a change in one leaves the others as they were.
		sections := file.build(rand.New(rand.NewPCG(2026, uint64(i))))
		if err := write(filepath.Join(os.Args[1], file.name), sections); err != nil {
			log.Fatal(err)
		}
	}
}

func write(path string, sections []section) error {
	var out bytes.Buffer
	total := 0
	out.WriteString("{")
	for i, s := range sections {
		if i > 0 {
			out.WriteString(",")
		}
		fmt.Fprintf(&out, "\n%q: [", s.name)
		for j, v := range s.vectors {
			if j > 0 {
				out.WriteString(",")
			}
			out.WriteString("\n")
			line, err := marshal(v)
			if err != nil {
				return fmt.Errorf("%s: %v: %w", s.name, v, err)
			}
			out.Write(line)
		}
		out.WriteString("]")
		total += len(s.vectors)
	}
	out.WriteString("}\n")
	fmt.Printf("%s: %d vectors, %d bytes\n", path, total, out.Len())
	return os.WriteFile(path, out.Bytes(), 0o644)
}

// marshal is json.Marshal without HTML escapes.
func marshal(v any) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(line.Bytes(), []byte("\n")), nil
}

// pick returns one of the given values.
func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// chance is true n times out of 100.
func chance(r *rand.Rand, n int) bool { return r.IntN(100) < n }

// text is a random string over an alphabet.
func text(r *rand.Rand, alphabet string, most int) string {
	runes := []rune(alphabet)
	out := make([]rune, r.IntN(most+1))
	for i := range out {
		out[i] = runes[r.IntN(len(runes))]
	}
	return string(out)
}

// mutated drops, doubles or replaces a few characters.
func mutated(r *rand.Rand, s, alphabet string) string {
	runes, letters := []rune(s), []rune(alphabet)
	for range 1 + r.IntN(2) {
		if len(runes) == 0 {
			return string(letters[r.IntN(len(letters))])
		}
		at := r.IntN(len(runes))
		switch r.IntN(3) {
		case 0:
			runes = append(runes[:at:at], runes[at+1:]...)
		case 1:
			runes = append(runes[:at+1:at+1], runes[at:]...)
		default:
			runes[at] = letters[r.IntN(len(letters))]
		}
	}
	return string(runes)
}

// deduplicated keeps the first of equal strings, in order.
func deduplicated(in []string) []string {
	seen, out := map[string]bool{}, in[:0:0]
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
