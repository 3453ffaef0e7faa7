# Everything here is a plain go command; nothing needs to be installed but Go.
GO      ?= go
GOLANGCI = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.2
FUZZTIME ?= 30s

.PHONY: build run test e2e bench fuzz lint fmt golden-update

build: ## bin/podarium
	$(GO) build -o bin/podarium ./cmd/podarium

run: build ## the UI on the default data directory
	bin/podarium

test: ## every test
	$(GO) test ./...

e2e: ## only the tests that run the whole program
	$(GO) test -count=1 ./cmd/podarium/...

bench: ## the speeds that README.md names
	$(GO) test -run '^$$' -bench . -benchtime 3x -timeout 30m ./cmd/podarium
	$(GO) test -run '^$$' -bench . -benchtime 3x -timeout 30m ./controllers/e2e
	$(GO) test -run '^$$' -bench . -benchmem ./tui/... ./cluster/livetable/... ./etcdview/... ./controllers/node/standin ./controllers/podnet/...

fuzz: ## every fuzz target, FUZZTIME each
	@set -e; for p in $$($(GO) list ./etcdview/...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p; \
	  done; done

lint: ## vet and golangci-lint
	$(GO) vet ./...
	$(GO) run $(GOLANGCI) run

fmt:
	gofmt -l -w .

golden-update: ## rewrite the golden screens and docs/keys.md; review the change as a diff
	PODARIUM_GOLDEN=update $(GO) test ./tui/...
