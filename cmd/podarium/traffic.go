package main

import (
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/cluster/embedded"
)

// rateSpan is how long connections are counted for the rate that is shown.
const rateSpan = time.Second

// showServices lists the endpoints of each Service with their connections.
func showServices(cmd *cobra.Command, r *embedded.Remote, output string) error {
	traffic, err := r.Traffic(cmd.Context())
	if err != nil {
		return err
	}
	if output != "" {
		return printAs(cmd.OutOrStdout(), output, traffic)
	}
	began := time.Now()
	select {
	case <-time.After(rateSpan):
	case <-cmd.Context().Done():
		return cmd.Context().Err()
	}
	before := traffic
	if traffic, err = r.Traffic(cmd.Context()); err != nil {
		return err
	}
	rates := connectionRates(before, traffic, time.Since(began))
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "NAMESPACE\tSERVICE\tPORT\tENDPOINT\tPOD\tNODE\tSTATE\tTOTAL\tSHARE\tRATE\tOPEN\tCLIENTS")
	for _, s := range traffic {
		port := fmt.Sprintf("%d/%s", s.Number, s.Protocol)
		if len(s.Endpoints) == 0 {
			fmt.Fprintf(t, "%s\t%s\t%s\t<none>\t\t\tno endpoint: connections are refused\n", s.Namespace, s.Service, port)
		}
		var sum int64
		for _, e := range s.Endpoints {
			sum += e.Total
		}
		for _, e := range s.Endpoints {
			clients := "-"
			if s.Affinity {
				clients = strconv.Itoa(e.Sessions)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%.0f/s\t%d\t%s\n", s.Namespace, s.Service, port, e.Address, e.Pod, e.Node,
				endpointWord(e), e.Total, percent(e.Total, sum), rates[endpointKey(s, e)], e.Open, clients)
		}
	}
	return t.Flush()
}

func endpointKey(s cluster.ServiceTraffic, e cluster.EndpointTraffic) string {
	return fmt.Sprintf("%s/%s:%d/%s %s", s.Namespace, s.Service, s.Number, s.Protocol, e.Address)
}

// connectionRates gives the connections a second of each endpoint.
func connectionRates(before, after []cluster.ServiceTraffic, span time.Duration) map[string]float64 {
	totals := map[string]int64{}
	for _, s := range before {
		for _, e := range s.Endpoints {
			totals[endpointKey(s, e)] = e.Total
		}
	}
	out := map[string]float64{}
	for _, s := range after {
		for _, e := range s.Endpoints {
			if k := endpointKey(s, e); e.Total > totals[k] {
				out[k] = float64(e.Total-totals[k]) / span.Seconds()
			}
		}
	}
	return out
}

// endpointWord is an endpoint's state, or that the next connection is its.
func endpointWord(e cluster.EndpointTraffic) string {
	if e.Next {
		return "next"
	}
	return string(e.State)
}

func percent(n, of int64) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", float64(n)/float64(of)*100)
}
