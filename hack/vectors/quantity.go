package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

var quantitySuffixes = []string{
	"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
}

var quantityEdges = []string{
	"", "0", "-0", "+0", "00", "0.0", ".0", "0.", ".", "-", "+", "-.", "+.", "k", "Ki", "Ei", ".Ei", "-Ei", "e", "E",
	"e1", "E1", ".e1", "1e", "1E", "1e0", "1E0", "1e+0", "1e-0", "1e3", "1E3", "1e+3", "1e-3", "1e03", "1e2", "1e-2",
	"1ei", "1Ee5", "1e5i", "1e5.5", "1e--5", "1e+", "1e-", "1Ki5", "1m5", "1i", "1K", "1KI", "1ki", "1mi", "1 ", " 1",
	"1 Gi", "1,5", "1_000", "١", "１", "1µ", "0x10", "inf", "nan", "1.2.3", "--1", "+-1", "1-", "1+", "1-5", "1n5",
	"005", "+5", "-5", "+005", "-005", "1.500", "1.50", "1.5", "1.000", "0.500", "0.5", ".5", "5.", "5.k", ".5k",
	"1000", "1000k", "1000m", "1024", "1024Ki", "1025Ki", "1023Ki", "1023", "0.5Mi", "1.5Mi", "0.1Mi", "1.1Ki", "0.001Ki",
	"8Ki", "16Ki", "7Ki", "0Ki", "0.0Ki", "-1Ki", "-0.5Ki", "+1Mi", "0001Mi", "1.0Gi", "2048Mi", "3072Mi",
	"1n", "0.1n", "0.9n", "1.1n", "-0.1n", "0.0000000001", "0.000000001", "-0.0000000001", "1e-9", "1e-10", "1e-100", "-1e-10",
	"1e-400", "1.5e-400", "1e-20Ki", "0.1u", "0.0001u", "0.00001u", "999999999.9999999999n",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "9223372036854775806",
	"18446744073709551616", "999999999999999999", "1000000000000000000", "999999999999999999k", "100000000000000000E",
	"1E", "9E", "10E", "1000E", "1000000E", "8Ei", "7Ei", "9Ei", "-8Ei", "-9Ei", "7.99999Ei", "16Ei", "1024Ei", "1024Pi", "8191Pi", "8192Pi",
	"1e18", "1e19", "1e21", "1e24", "1e100", "1e300", "1e308", "1e309", "1e400", "123456789012345678e5", "1234567890123456789e5",
	"1000000000000000000000", "1000000000000000000000k", "1234567890123456789012345678901234567890", "1e1000000",
	"1e2000000000", "12e2000000001", "-12345678901234567890123e299", "1e4294967297", "1e4294967299", "1e-4294967293", "1e9223372036854775808",
	"1e-9223372036854775809", "1e99999999999999999999", "0e99999999999999999999", "0e5", "0e-5", "0e-50", "0n", "0.00m", "0E",
	"1.23456789", "1.234567891", "1.2345678912", "12345678.123456789", "123456789.123456789", "1234567890.123456789",
	"0.000000000000000000000000000001", "100000000000000000.1", "10000000000000000.01", "0.3Ki", "0.333333333333Gi", "1.000000000001Ti",
	strings.Repeat("9", 30), strings.Repeat("9", 30) + "Ki", strings.Repeat("0", 40) + "1", "0." + strings.Repeat("0", 40) + "1",
	"100m", "250m", "1", "2", "500m", "64Mi", "128Mi", "256Mi", "512Mi", "1Gi", "2Gi", "4Gi", "10Gi", "1.5Gi", "100Gi", "110", "1k", "2.5",
}

// hugeExponent would keep Go busy until memory ends; the edge cases have those that do not.
var hugeExponent = regexp.MustCompile("[eE][+-]?[0-9]{4}")

// quantityText is mostly valid, over all suffixes, signs, fractions and lengths.
func quantityText(r *rand.Rand) string {
	digits := func(most int) string { return text(r, "00123456789", most) }
	out := pick(r, "", "", "", "", "", "", "-", "+")
	out += fmt.Sprint(pick(r, digits(3)+"1", digits(5), digits(9)+"5", digits(19), digits(25)))
	if chance(r, 40) {
		out += "." + pick(r, digits(3), digits(9), digits(14))
	}
	switch {
	case chance(r, 70):
		out += pick(r, quantitySuffixes...)
	case chance(r, 80):
		out += fmt.Sprintf("%s%s%d", pick(r, "e", "E"), pick(r, "", "", "+", "-"), pick(r, r.IntN(10), r.IntN(30), r.IntN(330)))
	default:
		out += text(r, "eEinumkKMGTP+-0123456789", 4)
	}
	if chance(r, 8) {
		out = mutated(r, out, "0123456789.+-eEinumkKMGTP x")
	}
	if hugeExponent.MatchString(out) {
		return quantityText(r)
	}
	return out
}

func quantityTexts(r *rand.Rand, n int) []string {
	all := append([]string{}, quantityEdges...)
	for range n {
		all = append(all, quantityText(r))
	}
	return deduplicated(all)
}

// parsed drops what does not parse.
func parsed(texts []string) []string {
	var valid []string
	for _, s := range texts {
		if _, err := resource.ParseQuantity(s); err == nil {
			valid = append(valid, s)
		}
	}
	return valid
}

// slow tells the few exponents whose digits Go would compute until memory ends.
func slow(s string) bool {
	q := resource.MustParse(s)
	f := math.Abs(q.AsApproximateFloat64())
	return math.IsInf(f, 0) || (f != 0 && (f > 1e200 || f < 1e-200))
}

func quantityParsing(r *rand.Rand) []section {
	var parse []vector // text, String, Format, Value, MilliValue, AsInt64 or null, AsApproximateFloat64, Sign; text alone: refused
	for _, s := range quantityTexts(r, 4300) {
		q, err := resource.ParseQuantity(s)
		if err != nil {
			parse = append(parse, vector{s})
			continue
		}
		var whole any
		if i, ok := q.AsInt64(); ok {
			whole = i
		}
		parse = append(parse, vector{s, q.String(), string(q.Format), q.Value(), q.MilliValue(), whole, float(q.AsApproximateFloat64()), q.Sign()})
	}
	var wire []vector // JSON, String; JSON alone: refused
	for _, s := range []string{
		`1`, `0`, `-1`, `1.5`, `1.500`, `1.50`, `1e3`, `1E3`, `1.5e3`, `1e-3`, `0.1`, `0.00001`, `12345678901234567890123`, `100000000000000000000`,
		`0.3`, `1e21`, `2.5e-7`, `"1"`, `" 1Gi "`, `"1.5"`, `""`, `"x"`, `null`, `"null"`, `-0`, `0.0`, `3.14159265358979`, `1024`, `0.1e1`,
	} {
		var q resource.Quantity
		if err := json.Unmarshal([]byte(s), &q); err != nil {
			wire = append(wire, vector{s})
			continue
		}
		out, _ := json.Marshal(q)
		wire = append(wire, vector{s, strings.Trim(string(out), `"`)})
	}
	return []section{{"parse", parse}, {"wire", wire}}
}

// float is a JSON number, or a word where JSON has none.
func float(f float64) any {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return fmt.Sprint(f)
	}
	return f
}

func quantityArithmetic(r *rand.Rand) []section {
	var texts []string
	for _, s := range parsed(quantityTexts(r, 4000)) {
		if !slow(s) {
			texts = append(texts, s)
		}
	}
	return []section{
		{"scaled", scaled(r, texts)}, {"negated", negated(r, texts)}, {"pairs", pairs(r, texts)},
		{"products", products(r, texts)}, {"chains", chains(r, texts)}, {"made", made(r)},
	}
}

func scaled(r *rand.Rand, texts []string) []vector {
	var out []vector // text, scale, ScaledValue, String after RoundUp, whether that was exact
	for range 1200 {
		s, scale := pick(r, texts...), resource.Scale(pick(r, -9, -6, -3, 3, 6, 9, r.IntN(40)-20))
		q := resource.MustParse(s)
		value := q.ScaledValue(scale)
		exact := q.RoundUp(scale)
		out = append(out, vector{s, scale, value, q.String(), exact})
	}
	return out
}

func negated(r *rand.Rand, texts []string) []vector {
	var out []vector // text, String after Neg, Value after Neg, MilliValue after Neg
	for range 500 {
		s := pick(r, texts...)
		q := resource.MustParse(s)
		q.Neg()
		out = append(out, vector{s, q.String(), q.Value(), q.MilliValue()})
	}
	return out
}

func pairs(r *rand.Rand, texts []string) []vector {
	var out []vector // a, b, Cmp, String of the sum, its Value, String of the difference, its MilliValue
	for range 2000 {
		s, t := pick(r, texts...), pick(r, texts...)
		if chance(r, 10) {
			q := resource.MustParse(s)
			t = q.String()
			if _, err := resource.ParseQuantity(t); err != nil || slow(t) {
				t = s
			}
		}
		a, b := resource.MustParse(s), resource.MustParse(t)
		order := a.Cmp(b)
		sum, difference := resource.MustParse(s), resource.MustParse(s)
		sum.Add(b)
		difference.Sub(b)
		out = append(out, vector{s, t, order, sum.String(), sum.Value(), difference.String(), difference.MilliValue()})
	}
	return out
}

func products(r *rand.Rand, texts []string) []vector {
	var out []vector // text, factor, String, Value
	for range 600 {
		s := pick(r, texts...)
		by := pick(r, 0, 1, -1, 2, 3, 10, 1000, r.Int64N(1_000_000), -r.Int64N(1_000), r.Int64(), math.MinInt64, math.MaxInt64)
		q := resource.MustParse(s)
		q.Mul(by)
		out = append(out, vector{s, by, q.String(), q.Value()})
	}
	return out
}

func chains(r *rand.Rand, texts []string) []vector {
	var out []vector // texts summed from zero, String, MilliValue
	for range 400 {
		var total resource.Quantity
		var terms []string
		for range 2 + r.IntN(6) {
			terms = append(terms, pick(r, texts...))
			total.Add(resource.MustParse(terms[len(terms)-1]))
		}
		out = append(out, vector{terms, total.String(), total.MilliValue()})
	}
	return out
}

func made(r *rand.Rand) []vector {
	var out []vector // value, scale, Format, String, Value
	for range 600 {
		value := pick(r, r.Int64N(2000)-1000, r.Int64()-r.Int64(), 1<<uint(r.IntN(63)), math.MinInt64, math.MaxInt64, 1000*r.Int64N(1000), 1024*r.Int64N(1<<30))
		scale := resource.Scale(pick(r, 0, -3, -9, r.IntN(40)-20))
		q := resource.NewScaledQuantity(value, scale)
		q.Format = pick(r, resource.DecimalSI, resource.BinarySI, resource.DecimalExponent)
		out = append(out, vector{value, scale, string(q.Format), q.String(), q.Value()})
	}
	return out
}
