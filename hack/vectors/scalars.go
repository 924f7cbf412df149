package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func intOrString(r *rand.Rand) []section {
	texts := []string{
		"", "0", "1", "-1", "+1", "080", "2147483647", "2147483648", "-2147483648", "-2147483649", "http", "1.5", "1_0", " 1", "1 ", "0x1",
		"0%", "1%", "25%", "50%", "100%", "150%", "-10%", "+5%", "%", "5%%", "%5", "1.5%", " 5%", "5 %", "１%", "９",
		"9223372036854775807%", "9223372036854775808%", "99999999999999999999",
	}
	for range 150 {
		texts = append(texts, fmt.Sprintf("%d%s", r.IntN(300)-50, pick(r, "", "%", "%")))
	}
	var parse, scale []vector
	for _, s := range deduplicated(texts) {
		v := intstr.Parse(s)
		var kept any = v.StrVal
		if v.Type == intstr.Int {
			kept = v.IntVal
		}
		asText := intstr.FromString(s)
		parse = append(parse, vector{s, kept, v.String(), asText.IntValue()}) // text, Parse, String, IntValue of the text itself
	}
	for _, s := range deduplicated(texts) {
		for range 4 {
			total := pick(r, 0, 1, 3, 7, 10, 100, r.IntN(10_000), -r.IntN(100), math.MaxInt32)
			v := intstr.FromString(s)
			if chance(r, 20) {
				v = intstr.Parse(s)
			}
			line := vector{v, total} // value, total, rounded up, rounded down; two columns: refused
			up, err := intstr.GetScaledValueFromIntOrPercent(&v, total, true)
			if err == nil && math.Abs(float64(up)) < 1e15 {
				down, _ := intstr.GetScaledValueFromIntOrPercent(&v, total, false)
				line = append(line, up, down)
			}
			if err != nil || len(line) == 4 {
				scale = append(scale, line)
			}
		}
	}
	return []section{{"parse", parse}, {"scale", scale}}
}

func durations(r *rand.Rand) []section {
	texts := []string{
		"", "0", "-0", "+0", "0s", "1", "s", ".s", "-.s", "+", "-", "1s", "-1s", "+1s", "--1s", "1.s", ".5s", "1.5s", "1h", "1h30m", "1m1h", "1h1h",
		"1d", "1w", "1y", "1ns", "1us", "1µs", "1μs", "1ms", "1.5ns", "0.1ns", "0.9ns", "1.0000000001s", "1 s", " 1s", "1s ", "1S", "1e3s", "1_0s",
		"9223372036854775807ns", "9223372036854775808ns", "-9223372036854775808ns", "-9223372036854775809ns", "9223372036854ms",
		"9223372036855ms", "2562047h47m16.854775807s", "2562047h47m16.854775808s", "-2562047h47m16.854775808s", "2562048h", "153722867280912m",
		"153722867280913m", "0.3333333333333333333h", "0.830103483285477580700h", "3.402823669209384634633746074317682114555e38s",
		"1.23456789012345678901234567890s", "99999999999999999999ns", "0.100000000000000000000h", "9007199254.740993ms", "1h-1m", "1h+1m", "１s", "10x", "1sm", "1mss",
		"0.9223372036854775807s", "0.9223372036854775808h", "39h9m14.425s", "3000000h", "1µ", "5.6789s",
	}
	units := []string{"ns", "us", "µs", "μs", "ms", "s", "m", "h"}
	for range 1200 {
		s := pick(r, "", "", "", "-", "+")
		for range 1 + r.IntN(4) {
			s += text(r, "0123456789", pick(r, 3, 3, 8, 20))
			if chance(r, 40) {
				s += "." + text(r, "0123456789", pick(r, 3, 9, 22))
			}
			s += pick(r, units...)
		}
		if chance(r, 10) {
			s = mutated(r, s, "0123456789.+-nuµmsh d")
		}
		texts = append(texts, s)
	}
	var parse, format []vector
	for _, s := range deduplicated(texts) {
		d, err := time.ParseDuration(s)
		if err != nil {
			parse = append(parse, vector{s}) // text alone: refused
			continue
		}
		parse = append(parse, vector{s, int64(d), d.String()}) // text, nanoseconds, String
	}
	for range 800 {
		d := metav1.Duration{Duration: time.Duration(pick(r, r.Int64(), -r.Int64(), r.Int64()>>uint(r.IntN(63)), r.Int64N(1000)*1_000_000, r.Int64N(100_000)*1_000_000_000))}
		wire, _ := json.Marshal(d)
		format = append(format, vector{int64(d.Duration), json.RawMessage(wire)}) // nanoseconds, JSON
	}
	return []section{{"parse", parse}, {"format", format}}
}

func times(r *rand.Rand) []section {
	texts := []string{
		"", "null", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000000Z", "2006-01-02T15:04:05.123456Z", "2006-01-02T15:04:05.999999Z",
		"2006-01-02T15:04:05,123456Z", "2006-01-02T15:04:05,5Z", "2006-01-02T15:04:05.Z", "2006-01-02T15:04:05.1Z", "2006-01-02T15:04:05.1234567Z",
		"2006-01-02T15:04:05.123456789Z", "2006-01-02T15:04:05.1234567891234Z", "2006-01-02T15:04:05.+12345Z", "2006-01-02T15:04:05.-12345Z",
		"2006-01-02T15:04:05.-00000Z", "2006-01-02T15:04:05.+00000Z", "2006-01-02T15:04:05.12 456Z", "2006-01-02T5:04:05Z", "2006-01-02T5:04:05.000001Z",
		"2006-1-02T15:04:05Z", "2006-01-2T15:04:05Z", "2006-01-02T15:4:05Z", "2006-01-02T15:04:5Z", "2006-01-02t15:04:05Z", "2006-01-02T15:04:05z",
		"2006-01-02 15:04:05Z", "2006-01-02T15:04:05", "2006-01-02", "2006-W01-1T15:04:05Z", "20060102T150405Z", "2006-01-02T15:04Z", "2006-01-02T15:04:05ZZ",
		"2006-01-02T15:04:05+00:00", "2006-01-02T15:04:05-00:00", "2006-01-02T15:04:05+02:00", "2006-01-02T15:04:05-07:30", "2006-01-02T15:04:05+23:59",
		"2006-01-02T15:04:05+24:00", "2006-01-02T15:04:05+24:60", "2006-01-02T15:04:05+25:00", "2006-01-02T15:04:05+00:61", "2006-01-02T15:04:05+0200",
		"2006-01-02T15:04:05 02:00", "2006-01-02T15:04:05+2:00", "2006-01-02T15:04:05.123456+02:00", "2006-01-02T24:00:00Z", "2006-01-02T23:60:00Z",
		"2006-01-02T23:59:60Z", "2006-00-02T15:04:05Z", "2006-13-02T15:04:05Z", "2006-01-00T15:04:05Z", "2006-01-32T15:04:05Z", "2006-02-29T00:00:00Z",
		"2008-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2006-04-31T00:00:00Z", "0000-01-01T00:00:00Z", "0000-02-29T12:00:00Z",
		"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z", "0001-01-01T00:00:00.000001Z", "0001-01-01T00:00:00.5Z", "0000-12-31T23:00:00-01:00",
		"0000-01-01T00:00:00+05:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-05:00", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z",
		"1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "２006-01-02T15:04:05Z", " 2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z ",
		"2006-01-02T15:04:05.12345Z", "2006-01-02T15:04:05.123456 Z", "2038-01-19T03:14:08Z", "2006-01-02T+5:04:05Z", "2006-01-02T15:04:05.1234567+02:00",
	}
	for range 900 {
		t := time.Unix(r.Int64N(253402300799+62135596800)-62135596800, r.Int64N(1e9)).UTC()
		if chance(r, 50) {
			t = time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC()
		}
		zone := time.FixedZone("", 60*(r.IntN(1440)-720))
		s := t.In(pick(r, time.UTC, time.UTC, zone)).Format(pick(r, time.RFC3339, metav1.RFC3339Micro, metav1.RFC3339Micro, time.RFC3339Nano))
		if chance(r, 15) {
			s = mutated(r, s, "0123456789-:.,TZ+ ")
		}
		texts = append(texts, s)
	}
	var seconds, micros []vector // text, Unix seconds, nanoseconds, JSON; text alone: refused
	for _, s := range deduplicated(texts) {
		quoted, _ := json.Marshal(s)
		var t metav1.Time
		seconds = append(seconds, timeVector(s, t.UnmarshalJSON(quoted), &t.Time, &t))
		var m metav1.MicroTime
		micros = append(micros, timeVector(s, m.UnmarshalJSON(quoted), &m.Time, &m))
	}
	return []section{{"time", seconds}, {"microtime", micros}}
}

func timeVector(s string, err error, t *time.Time, wire any) vector {
	if err != nil {
		return vector{s}
	}
	out, _ := json.Marshal(wire)
	return vector{s, t.Unix(), t.Nanosecond(), json.RawMessage(out)}
}
