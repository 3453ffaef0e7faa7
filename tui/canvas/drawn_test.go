package canvas

import (
	"image/color"
	"math/rand/v2"
	"testing"
)

// A frame is the same text whatever was rendered before it.
func TestRenderComposesWhatChangedAsTheWhole(t *testing.T) {
	styles := []Style{{}, {Fg: color.RGBA{R: 200, A: 255}}, {Bg: color.RGBA{B: 90, A: 255}, Attrs: 1}}
	kept := New(20, 6, styles[0])
	for frame := range 200 {
		y, text := rand.IntN(7), []string{"word", "世界", "", " gone "}[rand.IntN(4)]
		kept.Text(rand.IntN(20), y, styles[rand.IntN(len(styles))], text)
		if rand.IntN(4) == 0 {
			kept.Paint(rand.IntN(20), y, 5, styles[rand.IntN(len(styles))])
		}
		if got, want := kept.Render(), kept.cells.Render(); got != want {
			t.Fatalf("frame %d is\n%q, not\n%q", frame, got, want)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	c := New(200, 60, Style{Fg: color.RGBA{R: 1, G: 2, B: 3, A: 255}, Bg: color.RGBA{A: 255}})
	for y := range 60 {
		for x := 0; x < 200; x += 10 {
			c.Text(x, y, Style{Fg: color.RGBA{R: uint8(x), A: 255}}, "some cell")
		}
	}
	for i := 0; b.Loop(); i++ {
		c.Text(0, 0, Style{}, string(rune('a'+i%26)))
		if c.Render() == "" {
			b.Fatal("nothing was rendered")
		}
	}
}
