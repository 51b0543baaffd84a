// A session with go-qemu, a QMP client that was written for QEMU: session SOCKET FOLDER. It says each thing that it has seen, and ends
// with status 1 at the first that isn't as with QEMU.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/digitalocean/go-qemu/qmp"
	"github.com/digitalocean/go-qemu/qmp/raw"
)

const limit = 60 * time.Second

func fail(format string, arguments ...interface{}) {
	fmt.Printf("failed: "+format+"\n", arguments...)
	os.Exit(1)
}

func must(what string, err error) {
	if err != nil {
		fail("%s: %v", what, err)
	}
	fmt.Println("ok:", what)
}

type arguments map[string]interface{}

type client struct {
	*qmp.SocketMonitor
	seen   []qmp.Event
	events <-chan qmp.Event
}

// try runs a command that go-qemu has no method for, and returns QEMU's text of an error.
func (c *client) try(command string, with arguments) error {
	text, err := json.Marshal(map[string]interface{}{"execute": command, "arguments": with})
	if err != nil {
		return err
	}
	_, err = c.Run(text)
	return err
}

// await waits for an event that fits, and forgets those before it.
func (c *client) await(name string, fits func(map[string]interface{}) bool) qmp.Event {
	late := time.After(limit)
	for {
		select {
		case event, open := <-c.events:
			if !open {
				fail("the connection ended before %s", name)
			}
			if event.Timestamp.Seconds < time.Now().Add(-time.Hour).Unix() {
				fail("%s has the time %d", event.Event, event.Timestamp.Seconds)
			}
			if event.Event == name && fits(event.Data) {
				fmt.Println("ok:", name)
				return event
			}
		case <-late:
			fail("no %s within %v", name, limit)
		}
	}
}

func whatever(map[string]interface{}) bool { return true }

func connect(socket string) *client {
	late := time.Now().Add(limit)
	for {
		monitor, err := qmp.NewSocketMonitor("unix", socket, time.Second)
		if err == nil {
			err = monitor.Connect()
		}
		if err == nil {
			fmt.Println("ok: greeting and qmp_capabilities")
			// go-qemu keeps no events, and waits until somebody takes each
			from, _ := monitor.Events(context.Background())
			kept := make(chan qmp.Event, 10000)
			go func() {
				defer close(kept)
				for event := range from {
					kept <- event
				}
			}()
			return &client{SocketMonitor: monitor, events: kept}
		}
		if time.Now().After(late) {
			fail("connect: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func main() {
	c := connect(os.Args[1])
	typed := raw.NewMonitor(c.SocketMonitor)

	late := time.Now().Add(limit)
	for {
		status, err := typed.QueryStatus()
		if err != nil {
			fail("query-status: %v", err)
		}
		if status.Running {
			break
		}
		if time.Now().After(late) {
			fail("the machine is %v", status.Status)
		}
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Println("ok: running")
	version, err := typed.QueryVersion()
	must("query-version", err)
	if !strings.HasPrefix(version.Package, "Holdfast") {
		fail("version %v", version)
	}

	must("object-add", c.try("object-add", arguments{"qom-type": "memory-backend-ram", "id": "m1", "size": 1 << 20}))
	must("device_add", c.try("device_add", arguments{"driver": "pc-dimm", "id": "d1", "memdev": "m1"}))
	// go-qemu's types are older than nvdimm, whose data are those of a dimm
	var devices struct {
		Return []struct {
			Type string
			Data raw.PcdimmDeviceInfo
		}
	}
	text, err := c.Run([]byte(`{"execute": "query-memory-devices"}`))
	must("query-memory-devices", err)
	must("its types", json.Unmarshal(text, &devices))
	if len(devices.Return) != 2 || devices.Return[0].Type != "nvdimm" || devices.Return[1].Type != "dimm" {
		fail("memory devices %s", text)
	}
	dimm := devices.Return[1].Data
	if dimm.ID == nil || *dimm.ID != "d1" || dimm.Size != 1<<20 || dimm.Memdev != "/objects/m1" || !dimm.Hotplugged {
		fail("the second memory device is %+v", dimm)
	}
	backends, err := typed.QueryMemdev()
	must("query-memdev", err)
	for _, backend := range backends {
		if backend.ID != nil && *backend.ID == "m1" && (backend.Size != 1<<20 || backend.Policy.String() != "default") {
			fail("m1 is %+v", backend)
		}
	}
	sizes, err := typed.QueryMemorySizeSummary()
	must("query-memory-size-summary", err)
	if sizes.PluggedMemory == nil || *sizes.PluggedMemory != 5<<20 {
		fail("%d bytes of base memory, and plugged %v", sizes.BaseMemory, sizes.PluggedMemory)
	}

	for command, named := range map[string]string{
		"no-such-command": "no-such-command",
		"device_del":      "nobody",
		"object-del":      "nobody",
	} {
		err := c.try(command, arguments{"id": "nobody"})
		if err == nil || !strings.Contains(err.Error(), named) {
			fail("%s: %v", command, err)
		}
		fmt.Println("ok: refused:", err)
	}
	if err := c.try("object-del", arguments{"id": "m1"}); err == nil {
		fail("a memory backend was removed under its device")
	}
	must("query-status after errors", func() error { _, err := typed.QueryStatus(); return err }())

	must("stop", typed.Stop())
	c.await("STOP", whatever)
	must("cont", typed.Cont())
	c.await("RESUME", whatever)

	must("x-holdfast-swap", c.try("x-holdfast-swap",
		arguments{"id": "m0", "changes": arguments{"mem-path": os.Args[2] + "/G"}}))
	end := c.await("X_HOLDFAST_SWAP", func(data map[string]interface{}) bool { return data["ended"] == true })
	if end.Data["phase"] != "done" {
		fail("the swap ended with %v", end.Data)
	}
	path, err := typed.QomGet("/objects/m0", "mem-path")
	must("qom-get", err)
	if path != os.Args[2]+"/G" {
		fail("m0 is on %v", path)
	}

	must("device_del", typed.DeviceDel("d1"))
	c.await("DEVICE_DELETED", func(data map[string]interface{}) bool { return data["device"] == "d1" })
	must("object-del", typed.ObjectDel("m1"))
	status, err := typed.HumanMonitorCommand("info status", nil)
	must("human-monitor-command", err)
	if !strings.Contains(status, "running") {
		fail("info status says %q", status)
	}
	commands, err := typed.QueryCommands()
	must("query-commands", err)
	types, err := typed.QomListTypes(nil, nil)
	must("qom-list-types", err)
	if len(commands) < 20 || len(types) < 4 {
		fail("%d commands, %d types", len(commands), len(types))
	}
	properties, err := typed.DeviceListProperties("nvdimm")
	must("device-list-properties", err)
	if len(properties) < 5 {
		fail("nvdimm has %+v", properties)
	}

	must("quit", typed.Quit())
	c.await("SHUTDOWN", whatever)
}
