//go:build !race

package lane

// walks is how many times the usual number of walks are played.
const walks = 2
