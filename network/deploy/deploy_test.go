// Package deploy_test holds the deployment files to what the programs expect, since nothing here can run them.
package deploy_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type object = map[string]any

// at follows keys down; it is nil where there is nothing.
func at(v any, keys ...string) any {
	for _, key := range keys {
		m, ok := v.(object)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

func documents(t *testing.T, path string) []object {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var out []object
	for {
		var o object
		err = decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, o)
	}
}

func manifests(t *testing.T) map[string]object {
	t.Helper()
	kustomization := documents(t, "kubernetes/kustomization.yaml")[0]
	listed := map[string]bool{"kustomization.yaml": true}
	all := map[string]object{}
	for _, name := range at(kustomization, "resources").([]any) {
		listed[name.(string)] = true
		for _, o := range documents(t, filepath.Join("kubernetes", name.(string))) {
			key := at(o, "kind").(string) + "/" + at(o, "metadata", "name").(string)
			if all[key] != nil {
				t.Errorf("%s stands twice", key)
			}
			all[key] = o
		}
	}
	files, err := filepath.Glob("kubernetes/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !listed[filepath.Base(f)] {
			t.Errorf("%s is not listed in kustomization.yaml", f)
		}
	}
	return all
}

func TestPodsAreConfined(t *testing.T) {
	pods := 0
	for name, o := range manifests(t) {
		pod := at(o, "spec", "template", "spec")
		if pod == nil {
			continue
		}
		pods++
		if at(pod, "securityContext", "runAsNonRoot") != true || at(pod, "automountServiceAccountToken") != false {
			t.Errorf("%s may run as root, or holds a token of the cluster", name)
		}
		for _, c := range at(pod, "containers").([]any) {
			limits := at(c, "securityContext")
			if at(limits, "readOnlyRootFilesystem") != true || at(limits, "allowPrivilegeEscalation") != false {
				t.Errorf("%s may write or gain privileges", name)
			}
			if at(c, "resources", "limits", "memory") == nil {
				t.Errorf("%s has no memory limit", name)
			}
			for _, m := range at(c, "volumeMounts").([]any) {
				if at(m, "readOnly") != true {
					t.Errorf("%s may change its keys", name)
				}
			}
		}
	}
	if pods != 3 {
		t.Errorf("%d kinds of pod, want 3", pods)
	}
}

func TestServicesReachTheirPods(t *testing.T) {
	all := manifests(t)
	for name, o := range all {
		if at(o, "kind") != "Service" {
			continue
		}
		app := at(o, "spec", "selector", "app").(string)
		container := at(all["Deployment/"+app], "spec", "template", "spec", "containers").([]any)[0]
		ports := map[any]bool{}
		for _, p := range at(container, "ports").([]any) {
			ports[at(p, "name")] = true
		}
		for _, p := range at(o, "spec", "ports").([]any) {
			if !ports[at(p, "targetPort")] {
				t.Errorf("%s: %s has no port %v", name, app, at(p, "targetPort"))
			}
		}
	}
}

var variable = regexp.MustCompile(`CHAINCODE_[A-Z_]+`)

// Every variable that the chaincode reads is set, and none that it does not know.
func TestChaincodeEnvironment(t *testing.T) {
	source, err := os.ReadFile("../../chaincode/main.go")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, name := range variable.FindAllString(string(source), -1) {
		want[name] = true
	}
	if len(want) != 5 {
		t.Fatalf("the chaincode names %d variables", len(want))
	}
	kubernetes, compose := map[string]bool{}, map[string]bool{}
	container := at(manifests(t)["Deployment/yilian-chaincode"], "spec", "template", "spec", "containers").([]any)[0]
	for _, v := range at(container, "env").([]any) {
		kubernetes[at(v, "name").(string)] = true
	}
	for name := range at(documents(t, "compose.yaml")[0], "services", "chaincode", "environment").(map[string]any) {
		compose[name] = true
	}
	for where, got := range map[string]map[string]bool{"kubernetes": kubernetes, "compose": compose} {
		for name := range want {
			if !got[name] {
				t.Errorf("%s does not set %s", where, name)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s sets %v", where, got)
		}
	}
}

// The image must be built from programs that exist, and run as the user whom the manifests name.
func TestImage(t *testing.T) {
	content, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	line := regexp.MustCompile(`-o /out/ (.*)`).FindStringSubmatch(text)
	if line == nil {
		t.Fatal("no build line")
	}
	for _, dir := range strings.Fields(line[1]) {
		_, err = os.Stat(filepath.Join("../..", dir))
		if err != nil {
			t.Errorf("the image is built from %s: %v", dir, err)
		}
	}
	if !strings.Contains(text, "USER 65532:65532") {
		t.Error("the image runs as another user than the manifests say")
	}
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`)
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "golang:"+goVersion.FindStringSubmatch(string(module))[1]+"-") {
		t.Error("the image is built with another Go than go.mod asks for")
	}
}

func TestComposeConfinesOurPrograms(t *testing.T) {
	services := at(documents(t, "compose.yaml")[0], "services").(map[string]any)
	for _, name := range []string{"gateway", "chaincode"} {
		s := services[name]
		if at(s, "read_only") != true || at(s, "image") != "yilian" {
			t.Errorf("%s may write to its file system", name)
		}
		for _, v := range at(s, "volumes").([]any) {
			if !strings.HasSuffix(v.(string), ":ro") {
				t.Errorf("%s may change its keys", name)
			}
		}
	}
}
