package themes

import (
	"fmt"
	"image/color"
	"math"
)

// LeastContrast is what text needs to be read on what is behind it: WCAG 2's ratio for text of ordinary size.
const LeastContrast = 4.5

// Check lists what makes a theme hard to read: text that does not stand out from a surface. The built-in ones have none.
func Check(t *Theme) []error {
	var errs []error
	for _, text := range Texts() {
		for _, ground := range Surfaces() {
			if r := Contrast(t.Colour(text).RGB, t.Colour(ground).RGB); r < LeastContrast {
				errs = append(errs, fmt.Errorf("%s on %s has a contrast of %.1f: it takes %.1f to be read", text, ground, r, LeastContrast))
			}
		}
	}
	return errs
}

// Contrast is WCAG 2's ratio of two colours, from 1 to 21.
func Contrast(a, b color.RGBA) float64 {
	x, y := luminance(a), luminance(b)
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}
