package budget

import (
	"errors"
	"io"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"
)

// The errors of [Pool.Read].
var (
	// ErrFull says that there is no room now: others have it.
	ErrFull = errors.New("no room for more bytes now")
	// ErrTooLarge says that there is more to read than is allowed.
	ErrTooLarge = errors.New("too many bytes")
)

// Pool is a number of bytes in memory that many readers share.
type Pool struct {
	size  int64
	room  *semaphore.Weighted
	mutex sync.Mutex
	// garbage is how many bytes were given back since memory was last collected. They are still
	// there.
	garbage int64
}

// NewPool makes a Pool of so many bytes.
func NewPool(size int64) *Pool {
	return &Pool{size: size, room: semaphore.NewWeighted(size)}
}

// giveBack returns room whose bytes nobody has any more. Go frees memory when as much again is used,
// which for a pool that is filled over and over would be several times its size: so memory is
// collected before that, and nobody gets the room before it is.
func (p *Pool) giveBack(size int64) {
	p.mutex.Lock()

	p.garbage += size
	if p.garbage > p.size/garbageShare {
		runtime.GC()

		p.garbage = 0
	}

	p.mutex.Unlock()
	p.room.Release(size)
}

// garbageShare is the share of a pool that may wait to be collected.
const garbageShare = 4

// firstBuffer is what is taken for a body before any of it has come.
const firstBuffer = 32 << 10

// Held is what was read, and the room that it takes.
type Held struct {
	Bytes []byte
	pool  *Pool
	size  int64
}

// Release gives the room back. The bytes must not be used any more.
func (h *Held) Release() {
	if h != nil && h.size > 0 {
		size := h.size
		h.size = 0
		h.Bytes = nil
		h.pool.giveBack(size)
	}
}

// Read reads all that comes, at most so many bytes. Room is taken before the bytes that it is for
// are read, and only as they come: who announces much and sends little takes little. expected is how
// many there will be, -1 if nobody knows. What it returns is to be released, also beside an error.
//
// The errors are ErrFull, ErrTooLarge, and those of reading.
func (p *Pool) Read(from io.Reader, expected, most int64) (*Held, error) {
	h := &Held{pool: p}

	if expected > most {
		return h, ErrTooLarge
	}

	largest := most + 1 // one byte more shows that there are more
	if expected >= 0 {
		largest = max(expected, 1)
	}

	for {
		if int64(len(h.Bytes)) == h.size && !h.grow(min(max(2*h.size, firstBuffer), largest)) {
			return h, ErrFull
		}

		n, err := from.Read(h.Bytes[len(h.Bytes):cap(h.Bytes)])
		h.Bytes = h.Bytes[:len(h.Bytes)+n]

		switch {
		case int64(len(h.Bytes)) > most:
			return h, ErrTooLarge
		case err == io.EOF:
			return h, nil
		case err != nil:
			return h, err
		case int64(len(h.Bytes)) == expected:
			return h, nil
		}
	}
}

// grow makes room for so many bytes. While they are copied, both buffers count.
func (h *Held) grow(size int64) bool {
	if !h.pool.room.TryAcquire(size) {
		return false
	}

	larger := make([]byte, len(h.Bytes), size)
	copy(larger, h.Bytes)
	h.Bytes = larger

	smaller := h.size
	h.size = size

	if smaller > 0 {
		h.pool.giveBack(smaller)
	}

	return true
}
