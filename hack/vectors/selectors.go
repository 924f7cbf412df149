package main

import (
	"encoding/json"
	"math/rand/v2"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
)

var labelKeys = []string{"app", "tier", "example.com/role", "in", "notin", "size", "a.b-c_d"}

var labelValues = []string{"", "web", "db", "in", "notin", "1", "10", "-5", "+7", "007", "1.5", "x_y.z-0", "9223372036854775807", "9223372036854775808"}

func labelSet(r *rand.Rand) map[string]string {
	out := map[string]string{}
	for _, key := range labelKeys {
		if chance(r, 40) {
			out[key] = pick(r, labelValues...)
		}
	}
	return out
}

func labelSelectorText(r *rand.Rand) string {
	space := func() string { return pick(r, "", "", "", " ", "\t", "  ") }
	var terms []string
	for range 1 + r.IntN(4) {
		key, value := pick(r, labelKeys...), pick(r, labelValues...)
		list := func() string {
			var values []string
			for range r.IntN(4) {
				values = append(values, pick(r, labelValues...))
			}
			return "(" + strings.Join(values, space()+","+space()) + ")"
		}
		term := pick(r, key, "!"+space()+key, key+space()+"="+space()+value, key+space()+"=="+value, key+"!="+value, key+space()+"!="+space()+value,
			key+" in "+list(), key+" in"+list(), key+" notin "+list(), key+space()+">"+space()+value, key+"<"+value)
		terms = append(terms, space()+term+space())
	}
	s := strings.Join(terms, ",")
	if chance(r, 20) {
		s = mutated(r, s, "ab1=!<>(), ./-_\t")
	}
	return s
}

// wireSelector is a LabelSelector of known and unknown operators.
func wireSelector(r *rand.Rand) *metav1.LabelSelector {
	out := &metav1.LabelSelector{}
	if chance(r, 60) {
		out.MatchLabels = labelSet(r)
	}
	for range r.IntN(3) {
		operator := metav1.LabelSelectorOperator(pick(r, "In", "NotIn", "Exists", "DoesNotExist", "In", "NotIn", "Exists", "DoesNotExist", "Gt", "in"))
		requirement := metav1.LabelSelectorRequirement{Key: pick(r, labelKeys...), Operator: operator}
		if operator == "In" || operator == "NotIn" || chance(r, 10) {
			for range r.IntN(4) {
				requirement.Values = append(requirement.Values, pick(r, labelValues...))
			}
		}
		if chance(r, 5) {
			requirement.Key = pick(r, "", "-a", "a/b/c", "A/b", "UPPER.case")
		}
		out.MatchExpressions = append(out.MatchExpressions, requirement)
	}
	return out
}

func matching(r *rand.Rand, matches func(map[string]string) bool) []any {
	var out []any
	for range 3 {
		set := labelSet(r)
		out = append(out, vector{set, matches(set)})
	}
	return out
}

func labelSelectors(r *rand.Rand) []section {
	texts := []string{
		"", " ", ",", "a,", ",a", "a,,b", "a", "!a", "! a", "!!a", "a=", "a==", "a!=", "a===b", "a=!b", "a = b", "a=b=c", "a b", "a in", "a in ()", "a in (", "a in b",
		"a in (,)", "a in (b,)", "a in (,b)", "a in (b,,c)", "a in (b c)", "a in (b))", "a in ((b))", "a in (in,notin)", "in in (in)", "notin", "in", "in=notin", "in notin (in)",
		"a notin ()", "anotin(b)", "a notin(b)", "a>1", "a>", "a>b", "a<-1", "a<+1", "a>1.5", "a>9223372036854775808", "a>=1", "a<>1", "a=<1", "!a=b", "!a in (b)", "=b", "!", "()", "(a)",
		"x in (c,b,a,b)", "z=1,a=2,m", "a=1,a=2,a!=3", "a/b=c", "a/b/c=d", "/a=b", "a/=b", "A.b/c", "example.com/x_y.z in (1,2)", "-a=b", "a-=b", "a=-b", "a=b-", "a=b\nc=d", "a\r=\tb",
		"a=" + strings.Repeat("v", 63), "a=" + strings.Repeat("v", 64), strings.Repeat("k", 63), strings.Repeat("k", 64), strings.Repeat("d", 254) + "/k", "é=b", "a=é", "a\x00b", "a=b\x00", "a\x00,b",
	}
	for range 1000 {
		texts = append(texts, labelSelectorText(r))
	}
	var parse, wire []vector
	for _, s := range deduplicated(texts) {
		selector, err := labels.Parse(s)
		if err != nil {
			parse = append(parse, vector{s}) // text alone: refused
			continue
		}
		parse = append(parse, vector{s, selector.String(), selector.Empty(), // text, String, Empty, [labels, Matches]...
			matching(r, func(set map[string]string) bool { return selector.Matches(labels.Set(set)) })})
	}
	for range 400 {
		in := wireSelector(r)
		raw, _ := json.Marshal(in)
		selector, err := metav1.LabelSelectorAsSelector(in)
		if err != nil {
			wire = append(wire, vector{json.RawMessage(raw)}) // LabelSelector alone: refused
			continue
		}
		wire = append(wire, vector{json.RawMessage(raw), selector.String(), selector.Empty(), // LabelSelector, String, Empty, [labels, Matches]...
			matching(r, func(set map[string]string) bool { return selector.Matches(labels.Set(set)) })})
	}
	return []section{{"parse", parse}, {"wire", wire}}
}

func fieldSelectors(r *rand.Rand) []section {
	keys := []string{"metadata.name", "status.phase", "a", "b.c", ""}
	values := []string{"", "x", "Running", `a,b`, `a=b`, `a\b`, "é", " x "}
	texts := []string{
		"", ",", ",,", "=", "!=", "==", "a", "a=", "=a", "a=b", "a==b", "a!=b", "a===b", "a=!b", "a!b", "a=b,c=d", "c=d,a=b", "a=b,", ",a=b", " a = b ", `a=\`, `a=\x`, `a=\\`, `a=\,`, `a=\=`,
		`a=b\,c=d`, `a=b\\,c=d`, `a\=b=c`, `a\,b=c`, `a=b=c`, "a,b", "a=b,a=c", "a=é", `a=\é`, "a=b,a=b", "!a", "a in (b)", "=,a=b", "!=,a=b", "==,=", "metadata.name=x,metadata.namespace!=y", `a!=\=`, `a=b,\=c`, `\`, `\\=a`,
	}
	for range 500 {
		var terms []string
		for range 1 + r.IntN(3) {
			terms = append(terms, pick(r, keys...)+pick(r, "=", "==", "!=")+fields.EscapeValue(pick(r, values...)))
		}
		s := strings.Join(terms, ",")
		if chance(r, 25) {
			s = mutated(r, s, `ab=!,\ `)
		}
		texts = append(texts, s)
	}
	var parse []vector
	for _, s := range deduplicated(texts) {
		selector, err := fields.ParseSelector(s)
		if err != nil {
			parse = append(parse, vector{s}) // text alone: refused
			continue
		}
		exact, found := selector.RequiresExactMatch("a")
		var tried []any
		for range 3 {
			set := map[string]string{}
			for _, key := range keys {
				if chance(r, 50) {
					set[key] = pick(r, values...)
				}
			}
			tried = append(tried, vector{set, selector.Matches(fields.Set(set))})
		}
		line := vector{s, selector.String(), selector.Empty(), tried, nil} // text, String, Empty, [fields, Matches]..., exact value of field "a" or null
		if found {
			line[4] = exact
		}
		parse = append(parse, line)
	}
	return []section{{"parse", parse}}
}

func names(r *rand.Rand) []section {
	texts := []string{
		"", "a", "A", "0", "-", ".", "_", "a-b", "a--b", "-a", "a-", "a.b", "a..b", ".a", "a.", "a_b", "_a", "a/b", "/a", "a/", "a/b/c", "example.com/Name", "Example.com/name",
		"ex_ample.com/name", "a\n", "a/b\n", "é", "１", "a b", "example.com/" + strings.Repeat("n", 63), "example.com/" + strings.Repeat("n", 64), strings.Repeat("a", 63),
		strings.Repeat("a", 64), strings.Repeat("a", 253), strings.Repeat("a", 254), strings.Repeat("a.", 126) + "a", strings.Repeat("a.", 127), strings.Repeat("a", 253) + "/x", strings.Repeat("a", 254) + "/x",
		"1abc", "abc-123", "9-a", "x.y-z.0", "a.-b", "a-.b",
	}
	for range 500 {
		texts = append(texts, text(r, "abzAZ09-._/", 12))
	}
	var out []vector // text, then whether it is a DNS-1123 label, DNS-1123 subdomain, DNS-1035 label, label key, label value
	for _, s := range deduplicated(texts) {
		valid := func(errors []string) bool { return len(errors) == 0 }
		out = append(out, vector{s, valid(content.IsDNS1123Label(s)), valid(content.IsDNS1123Subdomain(s)),
			valid(validation.IsDNS1035Label(s)), valid(content.IsLabelKey(s)), valid(validation.IsValidLabelValue(s))})
	}
	return []section{{"names", out}}
}
