package standin

import (
	"context"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// bpi is the program of the first example of Jobs in Kubernetes' documentation.
var bpi = regexp.MustCompile(`^print bpi\((\d{1,5})\)$`)

// perl knows one program, which half of all first Jobs run: the digits of pi.
func perl(_ context.Context, s *shell, args []string) int {
	for _, a := range args {
		if m := bpi.FindStringSubmatch(strings.TrimSpace(a)); m != nil {
			n, _ := strconv.Atoi(m[1]) // five digits at most
			fmt.Fprintln(s.stdout, pi(max(n, 1)))
			return 0
		}
	}
	fmt.Fprintln(s.stderr, `perl: a stand-in knows one program only: perl -Mbignum=bpi -wle "print bpi(2000)"`)
	return 2
}

// pi gives n significant digits, by Machin's formula: 16 arctan(1/5) - 4 arctan(1/239).
func pi(n int) string {
	const guard = 10
	one := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n-1+guard)), nil)
	arctan := func(x int64) *big.Int {
		sum, power, square := new(big.Int), new(big.Int).Div(one, big.NewInt(x)), big.NewInt(x*x)
		for k := int64(1); power.Sign() != 0; k += 2 {
			term := new(big.Int).Div(power, big.NewInt(k))
			if k%4 == 1 {
				sum.Add(sum, term)
			} else {
				sum.Sub(sum, term)
			}
			power.Div(power, square)
		}
		return sum
	}
	p := new(big.Int).Mul(big.NewInt(16), arctan(5))
	p.Sub(p, new(big.Int).Mul(big.NewInt(4), arctan(239)))
	p.Add(p, new(big.Int).Mul(big.NewInt(5), new(big.Int).Exp(big.NewInt(10), big.NewInt(guard-1), nil))) // so that the last digit is rounded
	digits := p.String()[:n]
	if n == 1 {
		return digits
	}
	return digits[:1] + "." + digits[1:]
}
