// Incontainer is what the containers of TestContainerd run: one static program, which is all that its image has.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch args[0] {
	case "pause":
		end := make(chan os.Signal, 1)
		signal.Notify(end, syscall.SIGTERM)
		<-end
	case "serve": // who it is, on a port
		name, err := os.Hostname()
		if err != nil {
			return err
		}
		fmt.Println("serving on", args[1])
		s := &http.Server{Addr: ":" + args[1], ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, name) })}
		return s.ListenAndServe()
	case "get": // by the proxy of the environment
		answer, err := http.Get(args[1])
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		_, err = io.Copy(os.Stdout, answer.Body)
		return err
	case "cat":
		b, err := os.ReadFile(args[1])
		fmt.Print(string(b))
		return err
	case "copy":
		_, err := io.Copy(os.Stdout, os.Stdin)
		return err
	case "exit":
		code, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		fmt.Println("leaving")
		os.Exit(code)
	default:
		return fmt.Errorf("%q is no command", args[0])
	}
	return nil
}
