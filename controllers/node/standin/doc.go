// Package standin runs containers without images: a container is code in this process that behaves as its image would.
//
// What an image does is in a catalogue (catalogue.yaml, documented there). A container with a command runs it in a POSIX
// shell in pure Go (mvdan.cc/sh) with the usual small tools, none of them the host's; its files are below a directory of its
// own and its volumes, and nothing else of the host can be read or written. Servers listen on the Pod's address of the
// virtual network only.
//
// Caveats: a command that is asked to end (SIGTERM) and has no trap on TERM ends at once, with exit code 143, whereas a real
// shell as process 1 would ignore it; a trap does not wait for the tool that the shell is at, which is broken off; users and
// permissions within a container are not told apart.
package standin
