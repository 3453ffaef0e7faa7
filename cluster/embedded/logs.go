package embedded

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"go.etcd.io/etcd/client/pkg/v3/logutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc/grpclog"
	"gopkg.in/natefinch/lumberjack.v2"
	"k8s.io/klog/v2"

	"github.com/podarium/podarium/cluster/embedded/owner"
)

// logs sends what every component logs to one file: each of them writes to standard error by default, which belongs to
// the terminal UI.
type logs struct {
	file   *lumberjack.Logger
	owners owner.Registry
	// tapes hold the log of the components that show themselves as Pods, by the name of the component.
	tapes map[string]*tape
}

// Write adds to the file, and to the tape of the component that writes.
func (l *logs) Write(b []byte) (int, error) {
	if t := l.tapes[l.owners.Current()]; t != nil {
		_, _ = t.Write(b) // never fails
	}
	return l.file.Write(b)
}

// openLogs routes klog, etcd's zap, grpc's and the standard logger to file, which rotates at 64 MB. It must come before
// any component starts. A component that calls for the end of the process (klog.Fatal) ends only its goroutine: fatal
// hears of it, so that the rest can stop in order.
func openLogs(file string, verbosity int, fatal func(error)) (*logs, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) // lumberjack would report only at the first line
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	l := &logs{file: &lumberjack.Logger{Filename: file, MaxSize: 64, MaxBackups: 2}, tapes: map[string]*tape{}}
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "network"} {
		l.tapes[name] = &tape{}
	}
	if err := configureKlog(verbosity); err != nil {
		return nil, err
	}
	klog.SetOutput(l)
	klog.OsExit = func(code int) {
		fatal(fmt.Errorf("a component called for exit code %d: the last lines of %s say why", code, file))
		runtime.Goexit()
	}
	log.SetOutput(l)
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, l))
	return l, nil
}

// configureKlog makes klog write to its output alone.
func configureKlog(verbosity int) error {
	fs := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(fs)
	for name, value := range map[string]string{
		"logtostderr": "false", "alsologtostderr": "false", "stderrthreshold": "FATAL", "one_output": "true",
		"v": strconv.Itoa(verbosity),
	} {
		if err := fs.Set(name, value); err != nil {
			return fmt.Errorf("log: %w", err)
		}
	}
	return nil
}

// zapCore is where etcd logs: warnings and worse to the file, and all that it says as it says it to its tape.
func (l *logs) zapCore() zapcore.Core {
	return zapcore.NewTee(
		zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(l.file), zapcore.WarnLevel),
		zapcore.NewCore(zapcore.NewJSONEncoder(logutil.DefaultZapLoggerConfig.EncoderConfig), l.tapes["etcd"], zapcore.InfoLevel),
	)
}

// close flushes. Components that upstream cannot stop may log on: lumberjack opens the file again for them.
func (l *logs) close() error {
	klog.Flush()
	return l.file.Close()
}

// DiscardLogs silences what libraries log in a process that shows a UI and runs no cluster: their errors come back from
// the calls, and standard error belongs to the UI.
func DiscardLogs() error {
	if err := configureKlog(0); err != nil {
		return err
	}
	klog.SetOutput(io.Discard)
	log.SetOutput(io.Discard)
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
	return nil
}
