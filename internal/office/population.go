package office

import (
	"context"
	"net/http"

	"example.org/cancuoc/config"
	"example.org/cancuoc/internal/desk"
	"example.org/cancuoc/internal/population"
	"example.org/cancuoc/internal/population/osia"
	"example.org/cancuoc/internal/registry"
	"example.org/cancuoc/internal/statement"
)

// openPopulation gives the population register that the settings choose. One elsewhere is
// connected to when it is first asked.
func openPopulation(c config.Population, r *registry.Registry) (population.Register, error) {
	if c.URL == "" {
		return r, nil
	}
	other, err := osia.NewClient(osia.Options{
		URL: c.URL, TokenFile: c.TokenFile, CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, Timeout: c.Timeout, Connections: c.Connections,
	})
	if err != nil {
		return nil, err
	}
	return registry.Elsewhere{Register: other, Registry: r}, nil
}

// PopulationRegister serves the built-in population register to other systems; nil where
// none may ask.
func (o *Office) PopulationRegister(d *desk.Desk) (http.Handler, error) {
	file := o.config.Population.ClientsFile
	if file == "" {
		return nil, nil //nolint:nilnil // nothing is served, and nothing is wrong
	}
	clients, err := osia.ReadClients(file)
	if err != nil {
		return nil, err
	}
	server := &osia.Server{Register: o.Registry, Clients: clients, Logger: o.logger, Do: func(ctx context.Context, signed statement.Signed, files map[string][]byte) error {
		_, err := d.Do(ctx, signed, files)
		return err
	}}
	return server.Handler(), nil
}
