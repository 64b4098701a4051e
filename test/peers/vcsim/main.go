// A vCenter Server simulated by the authors of the Go client library, speaking SOAP: a peer that is not ours. Prints its address, and
// ends with its standard input.
package main

import (
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	model := simulator.VPX()
	model.ServiceContent.About.Name = "vcsim"
	if err := model.Create(); err != nil {
		panic(err)
	}
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword("user", "pass")}
	server := model.Service.NewServer()
	fmt.Printf("http://%s\n", server.URL.Host)
	io.Copy(io.Discard, os.Stdin)
	server.Close()
	model.Remove()
}
