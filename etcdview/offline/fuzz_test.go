package offline

import "testing"

// FuzzKeyValue reads any bytes as what a database holds for a revision.
func FuzzKeyValue(f *testing.F) {
	f.Add([]byte("\x0a\x03key\x10\x02\x18\x03\x20\x01\x2a\x05value"), []byte("\x00\x00\x00\x00\x00\x00\x00\x02_\x00\x00\x00\x00\x00\x00\x00\x00t"))
	f.Fuzz(func(t *testing.T, value, key []byte) {
		r, ok := parseRevision(key)
		if ok && (r.main < 0 || r.sub < 0) {
			t.Errorf("%+v of %x", r, key)
		}
		if k, ok := parseKeyValue(value, &r); ok && len(k) == 0 {
			t.Errorf("an empty key of %x", value)
		}
	})
}
