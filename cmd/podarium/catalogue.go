package main

import (
	"errors"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/podarium/podarium/cluster/embedded"
	"github.com/podarium/podarium/controllers/node"
	"github.com/podarium/podarium/controllers/node/standin"
)

func newCatalogue(f *flags) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "catalogue [IMAGE]",
		Short: "Print what images are, all of them or one",
		Long: `Print the catalogue of images that is in force: the running cluster's, or else the one that comes with podarium. With
--catalogue it is the one that 'podarium up --catalogue FILE' would have, which also checks the file. With an image it is
what all entries for stand-ins together say of that image.`,
		Example: `  podarium catalogue
  podarium catalogue nginx:crash
  podarium catalogue --catalogue images.yaml shop/web:v2`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.catalogueInForce(cmd, file)
			if err != nil {
				return err
			}
			var out any = c
			if len(args) > 0 {
				images, err := (&standin.Catalogue{}).With(c.Images)
				if err != nil {
					return err
				}
				out = images.Find(args[0])
			}
			b, err := yaml.Marshal(out)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(b)
			return err
		},
	}
	addCatalogueFlag(c, &file)
	return c
}

func addCatalogueFlag(c *cobra.Command, file *string) {
	c.Flags().StringVar(file, "catalogue", "", "file that says what images are, before what is built in (docs/images.md)")
	_ = c.MarkFlagFilename("catalogue", "yaml", "yml") // the flag exists
}

// catalogueInForce is a file's, the running cluster's, or else what comes with the program.
func (f *flags) catalogueInForce(cmd *cobra.Command, file string) (node.Catalogue, error) {
	c, err := embedded.ReadCatalogue(file)
	if err != nil {
		return c, exitError{exitUsage, err}
	}
	if file == "" {
		r, err := f.attach(cmd)
		if err == nil {
			defer r.Close()
			c, err = r.Catalogue(cmd.Context())
		}
		if err != nil && !errors.Is(err, embedded.ErrNotRunning) {
			return c, err
		}
	}
	return c.InForce()
}
