// Package backend stands in for each of Terraform's state backends that no module proxy serves: they are modules of
// their own inside its repository. build.py lays it where go.mod looks for them; the benchmark's state is a local file.
package backend

import "github.com/hashicorp/terraform/internal/backend"

// New refuses: nothing here may look like a state that is kept.
func New() backend.Backend {
	panic("this build of Terraform keeps state in local files only")
}
