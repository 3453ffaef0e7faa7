package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/podarium/podarium/cluster/clustertest"
)

// The test binary is also a program that Pods run: TestMain looks for PODARIUM_E2E_ROLE.
func TestMain(m *testing.M) {
	if os.Getenv("PODARIUM_E2E_ROLE") == "webhook" {
		fmt.Println(serveWebhook())
		os.Exit(1)
	}
	clustertest.Main(m)
}
