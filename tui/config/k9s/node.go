package k9s

import (
	"iter"

	"go.yaml.in/yaml/v3"
)

// field is the value of a name in a mapping, nil where there is none.
func field(n *yaml.Node, name string) *yaml.Node {
	for k, v := range pairs(n) {
		if k.Value == name {
			return v
		}
	}
	return nil
}

// at is the value at a path of names, nil where there is none.
func at(n *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		n = field(n, name)
	}
	return n
}

// text is a scalar's, empty for anything else.
func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// pairs are the names and values of a mapping; none of anything else.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			v := n.Content[i+1]
			if v.Kind == yaml.AliasNode {
				v = v.Alias
			}
			if !yield(n.Content[i], v) {
				return
			}
		}
	}
}

// plain is a copy without anchors and aliases, which mean nothing in another file.
func plain(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return plain(n.Alias)
	}
	c := *n
	c.Anchor, c.Content = "", nil
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Tag == "!!merge" {
			continue
		}
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Tag == "!!merge" {
			for k, v := range pairs(resolve(child)) {
				if field(n, k.Value) == nil {
					c.Content = append(c.Content, plain(k), plain(v))
				}
			}
			continue
		}
		c.Content = append(c.Content, plain(child))
	}
	return &c
}

func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
