// Package standin runs containers without images: a container is code in this process that behaves as its image would.
package standin
