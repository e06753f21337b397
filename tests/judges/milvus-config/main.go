// milvus-config tells how Milvus reads its configuration: for each line of the
// standard input, a JSON string that is the text of a user.yaml, it prints a line of
// JSON: {"settings": {KEY: VALUE, ...}}, or {"error": WHY}. The keys are Milvus's own:
// lower case, without separators.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/milvus-io/milvus/pkg/v2/config"
)

type answer struct {
	Settings map[string]string `json:"settings,omitempty"`
	Error    string            `json:"error,omitempty"`
}

func main() {
	folder, err := os.MkdirTemp("", "milvus-config")
	die(err)
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "user.yaml")
	in, out := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	for {
		var text string
		err := in.Decode(&text)
		if err == io.EOF {
			return
		}
		die(err)
		die(os.WriteFile(file, []byte(text), 0o600))
		die(out.Encode(read(file)))
	}
}

// read reads a file as Milvus does when it starts. What makes Milvus panic is an error.
func read(file string) (a answer) {
	defer func() {
		if why := recover(); why != nil {
			a = answer{Error: fmt.Sprint(why)}
		}
	}()
	source := config.NewFileSource(&config.FileInfo{Files: []string{file}})
	defer source.Close()
	settings, err := source.GetConfigurations()
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Settings: settings}
}

func die(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "milvus-config:", err)
		os.Exit(2)
	}
}
