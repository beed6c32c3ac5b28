//go:build race

package lane

const walks = 1
