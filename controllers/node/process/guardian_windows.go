package process

// guardian does nothing: where podarium is killed on Windows, its containers go on.
type guardian struct{}

func (*guardian) start() error { return nil }
func (*guardian) add(int)      {}
func (*guardian) remove(int)   {}
