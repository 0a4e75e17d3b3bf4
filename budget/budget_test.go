package budget_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/budget"
	"handrail/internal/growth"
)

func TestDocumentsWithinTheirLimits(t *testing.T) {
	t.Parallel()

	limits := budget.JSON{
		Depth:    3,
		Elements: 5,
		Key:      4,
		Digits:   6,
	}

	for document, want := range map[string]string{
		``:                            "",
		`{}`:                          "",
		`"[[[[[["`:                    "",
		`{"a":{"b":{"c":1}}}`:         "",
		`{"a":{"b":{"c":{"d":1}}}}`:   "a.b.c must not hold more than 3 lists and objects in each other",
		`{"a":1,"b":[1,{"c":[[1]]}]}`: "b[1].c must not hold more than 3 lists and objects in each other",
		`[[[[`:                        "must not hold more than 3 lists and objects in each other",
		`{"a":[1,2,3,4,5]}`:           "a must have at most 5 values, lists and objects counted too",
		`[1,2,3,4,5,6]`:               "must have at most 5 values, lists and objects counted too",
		`{"long" : 1}`:                "",
		`{"longer" : 1}`:              "longer must have a name of at most 4 bytes",
		`{"a":{"longer":1}}`:          "a.longer must have a name of at most 4 bytes",
		`{"a":"much longer: "}`:       "",
		`{"a\"b":1}`:                  "",
		`{"a":["b\\","longer"]}`:      "",
		`{"a":123456}`:                "",
		`{"a":1234567}`:               "a must be a number of at most 6 digits, between 1e-300 and 1e300",
		`{"a":[1,-1e999]}`:            "a[1] must be a number of at most 6 digits, between 1e-300 and 1e300",
		`{"a":1E-301}`:                "a must be a number of at most 6 digits, between 1e-300 and 1e300",
		`{"a":1E+300}`:                "",
		`}}]]`:                        "",
		`"\`:                          "",
	} {
		err := limits.Check([]byte(document))
		if want == "" {
			require.NoError(t, err, document)
			continue
		}

		require.EqualError(t, err, want, document)
	}

	assert.NoError(t, budget.JSON{}.Check([]byte(strings.Repeat(`[1,`, 10_000))), "0 is no limit")
}

func TestPathsInErrorsAreShort(t *testing.T) {
	t.Parallel()

	name := strings.Repeat("ä", 40_000)
	err := budget.Document.Check([]byte(`{"` + name + `":1}`))

	var exceeded *budget.ExceededError

	require.ErrorAs(t, err, &exceeded)
	assert.Less(t, len(exceeded.Path), 310)
	assert.True(t, strings.HasPrefix(name, strings.TrimSuffix(exceeded.Path, "…")))
}

func TestAPoolReadsWhileThereIsRoom(t *testing.T) {
	t.Parallel()

	pool := budget.NewPool(200_000)
	body := bytes.Repeat([]byte("x"), 100_000)

	first, err := pool.Read(bytes.NewReader(body), int64(len(body)), 1<<20)
	require.NoError(t, err)
	assert.Equal(t, body, first.Bytes)
	assert.Equal(t, len(body), cap(first.Bytes), "a body takes the room that it needs")

	second, err := pool.Read(bytes.NewReader(body), -1, 1<<20)
	require.ErrorIs(t, err, budget.ErrFull)
	second.Release()

	first.Release()
	first.Release()

	third, err := pool.Read(iotest.OneByteReader(bytes.NewReader(body)), -1, 1<<20)
	require.NoError(t, err, "what was released is there again, once")
	assert.Equal(t, body, third.Bytes)
	third.Release()

	for _, expected := range []int64{-1, 100_000} {
		large, err := pool.Read(bytes.NewReader(body), expected, 99_999)
		require.ErrorIs(t, err, budget.ErrTooLarge)
		large.Release()
	}

	exact, err := pool.Read(bytes.NewReader(body), -1, 100_000)
	require.NoError(t, err)
	exact.Release()

	broken, err := pool.Read(io.MultiReader(bytes.NewReader(body[:10]), iotest.ErrReader(io.ErrUnexpectedEOF)), 20, 100)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	broken.Release()

	whole, err := pool.Read(bytes.NewReader(make([]byte, 120_000)), 120_000, 120_000)
	require.NoError(t, err, "nothing was kept by those before")
	whole.Release()
}

// Who announces much and sends nothing takes nothing from the others.
func TestWhatIsAnnouncedIsNotTaken(t *testing.T) {
	t.Parallel()

	pool := budget.NewPool(1 << 20)
	reader, writer := io.Pipe()

	var waiting sync.WaitGroup

	waiting.Go(func() {
		held, err := pool.Read(reader, 1<<20, 1<<20)
		assert.ErrorIs(t, err, io.ErrClosedPipe) //nolint:testifylint // not in the test's goroutine
		held.Release()
	})

	_, err := writer.Write([]byte("x"))
	require.NoError(t, err)

	held, err := pool.Read(bytes.NewReader(make([]byte, 500_000)), 500_000, 1<<20)
	require.NoError(t, err)
	held.Release()

	require.NoError(t, reader.CloseWithError(io.ErrClosedPipe))
	waiting.Wait()
}

func TestWorkEnds(t *testing.T) {
	t.Parallel()

	w := budget.NewWork(10, 0)
	assert.True(t, w.Spend(10))
	assert.False(t, w.Spend(1))

	w = budget.NewWork(10, 0)
	assert.False(t, w.Spend(11))
	assert.False(t, w.Spend(1), "what has ended stays so")
	assert.False(t, budget.NewWork(10, 0).Spend(math.MaxInt))

	late := budget.NewWork(math.MaxInt, time.Nanosecond)
	for range 2 {
		late.Spend(5000)
	}

	assert.False(t, late.Spend(1))
}

func TestTokens(t *testing.T) {
	t.Parallel()

	for said, want := range map[int64]int64{
		-1:            0,
		math.MinInt64: 0,
		0:             0,
		99:            99,
		1e15:          100,
	} {
		assert.Equal(t, want, budget.Tokens(said, 100))
	}
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"c\"d"},-1e5]}`))
	f.Add([]byte(`[[[[`))
	f.Add([]byte(`{"\ud800":1e999999}`))

	f.Fuzz(func(t *testing.T, document []byte) {
		growth.Check(t, len(document), func() {
			err := budget.Document.Check(document)

			var exceeded *budget.ExceededError
			if err != nil && !errors.As(err, &exceeded) {
				t.Errorf("%v", err)
			}

			if exceeded != nil && len(exceeded.Path) > 400 {
				t.Errorf("a path of %d bytes", len(exceeded.Path))
			}
		})
	})
}
