package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
)

// journal is an append-only file of JSON lines.
type journal struct {
	file *os.File
	size int64 // of what was acknowledged
	// broken is why nothing can be appended any more: a line that could not be written
	// whole could not be taken back either.
	broken error
}

// openJournal reads the file line by line and leaves it ready for appending.
func openJournal(path string, logger *slog.Logger, read func(line []byte) error) (*journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the file: %w", err)
	}

	file, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the file: %w", err)
	}

	j := &journal{file: file}

	torn, err := j.replay(read)
	if err == nil && torn > 0 {
		logger.Info("the last line of the sandbox file is torn; it was never acknowledged and is dropped",
			"file", path, "bytes", torn)

		err = j.takeBack()
	}

	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading %s: %w", path, err), file.Close())
	}

	return j, nil
}

// replay returns how many bytes at the end are no whole line.
func (j *journal) replay(read func(line []byte) error) (torn int, err error) {
	lines := bufio.NewReader(j.file)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return len(line), nil
		}

		if err != nil {
			return 0, err
		}

		if err := read(line); err != nil {
			if _, end := lines.Peek(1); errors.Is(end, io.EOF) {
				return len(line), nil
			}

			return 0, fmt.Errorf("line %d: %w", number, err)
		}

		j.size += int64(len(line))
	}
}

// append writes whole lines and returns when they are on disk. On failure the file is
// as before.
func (j *journal) append(lines []byte) error {
	if j.broken != nil {
		return j.broken
	}

	_, err := j.file.Write(lines)
	if err == nil {
		err = j.file.Sync()
	}

	if err != nil {
		err = fmt.Errorf("writing to the file: %w", err)
		if undo := j.takeBack(); undo != nil {
			j.broken = errors.Join(err, undo)
		}

		return err
	}

	j.size += int64(len(lines))

	return nil
}

func (j *journal) empty() error {
	if j.broken != nil {
		return j.broken
	}

	j.size = 0

	return j.takeBack()
}

// takeBack cuts the file to what was acknowledged.
func (j *journal) takeBack() error {
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("cutting the file: %w", err)
	}

	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("syncing the file: %w", err)
	}

	return nil
}

func (j *journal) close() error { return j.file.Close() }
