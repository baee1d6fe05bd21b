package engine_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/proto"

	"example.org/cancuoc/internal/engine"
)

const secret = "NGUYỄN VĂN A"

// keyLine is a line of a key file, the key made of one byte.
func keyLine(id string, fill byte) string {
	return id + " " + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32)) + "\n"
}

func newCodec(t testing.TB, lines ...string) *engine.Codec {
	t.Helper()
	keys, err := engine.ParseKeys(strings.Join(lines, ""))
	require.NoError(t, err)
	return &engine.Codec{Keys: keys}
}

func plain() *commonpb.Payload {
	return &commonpb.Payload{
		Metadata: map[string][]byte{"encoding": []byte("json/plain"), "messageType": []byte(secret)},
		Data:     []byte(`{"name":"` + secret + `"}`),
	}
}

func encode(t testing.TB, codec *engine.Codec, p *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	out, err := codec.Encode([]*commonpb.Payload{p})
	require.NoError(t, err)
	require.Len(t, out, 1)
	return out[0]
}

func TestCodec_HidesPayloadAndItsMetadata(t *testing.T) {
	t.Parallel()
	codec := newCodec(t, keyLine("k1", 1))

	sealed := encode(t, codec, plain())
	again := encode(t, codec, plain())
	opened, err := codec.Decode([]*commonpb.Payload{sealed})

	require.NoError(t, err)
	require.True(t, proto.Equal(plain(), opened[0]))
	wire, err := proto.Marshal(sealed)
	require.NoError(t, err)
	require.NotContains(t, string(wire), secret)
	require.NotContains(t, string(wire), "json/plain")
	require.Equal(t, "k1", string(sealed.GetMetadata()["key-id"]))
	require.NotEqual(t, sealed.GetData(), again.GetData(), "the nonce is used once")
}

func TestCodec_RotatesKeys(t *testing.T) {
	t.Parallel()
	before := newCodec(t, keyLine("old", 1))
	after := newCodec(t, keyLine("old", 1), keyLine("new", 2))
	retired := newCodec(t, keyLine("new", 2))
	old, young := encode(t, before, plain()), encode(t, after, plain())

	opened, err := after.Decode([]*commonpb.Payload{old, young})

	require.NoError(t, err)
	require.True(t, proto.Equal(plain(), opened[0]))
	require.True(t, proto.Equal(plain(), opened[1]))
	require.Equal(t, "new", string(young.GetMetadata()["key-id"]))
	_, err = retired.Decode([]*commonpb.Payload{old})
	require.ErrorContains(t, err, `no key "old"`)
}

func TestCodec_NoticesEveryAlteration(t *testing.T) {
	t.Parallel()
	codec := newCodec(t, keyLine("k1", 1), keyLine("k2", 2))
	sealed := encode(t, codec, plain())
	for i := range sealed.GetData() {
		altered := proto.CloneOf(sealed)
		altered.Data[i] ^= 0x80
		_, err := codec.Decode([]*commonpb.Payload{altered})
		require.ErrorContains(t, err, "altered", "byte %d", i)
	}
	for n := range len(sealed.GetData()) {
		cut := proto.CloneOf(sealed)
		cut.Data = cut.Data[:n]
		_, err := codec.Decode([]*commonpb.Payload{cut})
		require.Error(t, err, "%d bytes", n)
	}
	other := proto.CloneOf(sealed)
	other.Metadata["key-id"] = []byte("k1")
	_, err := codec.Decode([]*commonpb.Payload{other})
	require.ErrorContains(t, err, "altered")
}

func TestCodec_PassesWhatIsNotEncrypted(t *testing.T) {
	t.Parallel()

	opened, err := newCodec(t, keyLine("k1", 1)).Decode([]*commonpb.Payload{plain(), nil})

	require.NoError(t, err)
	require.True(t, proto.Equal(plain(), opened[0]))
}

func TestKeys_DoNotPrint(t *testing.T) {
	t.Parallel()
	keys := newCodec(t, keyLine("k1", 7)).Keys
	require.Equal(t, "[payload keys] [payload keys] [payload keys]", fmt.Sprintf("%v %+v %#v", keys, keys, keys))
}

func TestParseKeys_RefusesWhatIsNotAKeyRing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"Empty":    {"", "the file holds none"},
		"Comment":  {"# nothing\n", "the file holds none"},
		"NoKey":    {"k1\n", "line 1"},
		"Base64":   {"k1 !!\n", "line 1"},
		"Short":    {keyLine("k1", 1) + "k2 AAAA\n", "line 2"},
		"Repeated": {keyLine("k1", 1) + keyLine("k1", 2), "line 2 repeats"},
		"Three":    {strings.TrimSpace(keyLine("k1", 1)) + " more\n", "line 1"},
		"Long":     {strings.Repeat("x", 1<<17), "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := engine.ParseKeys(tt.text)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestOpenKeys_MakesOneRingForAll(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "keys", "codec.keys")
	_, err := engine.OpenKeys(name, false)
	require.ErrorIs(t, err, os.ErrNotExist, "production makes no keys")

	rings := make([]*engine.Keys, 8)
	var opening sync.WaitGroup
	for i := range rings {
		opening.Go(func() { rings[i], _ = engine.OpenKeys(name, true) })
	}
	opening.Wait()

	sealed := encode(t, &engine.Codec{Keys: rings[0]}, plain())
	for _, ring := range rings {
		require.NotNil(t, ring)
		_, err := (&engine.Codec{Keys: ring}).Decode([]*commonpb.Payload{sealed})
		require.NoError(t, err)
	}
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestOpenKeys_RefusesAFileThatOthersRead(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "codec.keys")
	require.NoError(t, os.WriteFile(name, []byte(keyLine("k1", 1)), 0o600))
	require.NoError(t, os.Chmod(name, 0o640))

	_, err := engine.OpenKeys(name, true)

	require.ErrorContains(t, err, "set its mode to 0600")
}

// FuzzDecode: whatever stands in a history, decoding returns it, or an error,
// and what it calls decrypted was encrypted by us.
func FuzzDecode(f *testing.F) {
	codec := newCodec(f, keyLine("k1", 1))
	sealed := encode(f, codec, plain())
	f.Add("binary/encrypted", "k1", sealed.GetData())
	f.Add("binary/encrypted", "k2", sealed.GetData())
	f.Add("binary/encrypted", "k1", []byte{})
	f.Add("json/plain", "", []byte("1"))
	f.Fuzz(func(t *testing.T, encoding, id string, data []byte) {
		in := &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte(encoding), "key-id": []byte(id)}, Data: data}
		out, err := codec.Decode([]*commonpb.Payload{in})
		switch {
		case err != nil:
		case encoding == "binary/encrypted":
			require.True(t, proto.Equal(plain(), out[0]))
		default:
			require.True(t, proto.Equal(in, out[0]))
		}
	})
}

// FuzzParseKeys: any text is a ring that works, or an error.
func FuzzParseKeys(f *testing.F) {
	f.Add(keyLine("k1", 1) + "# comment\n\n" + keyLine("k2", 2))
	f.Add("k1 AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := engine.ParseKeys(text)
		if err != nil {
			return
		}
		codec := &engine.Codec{Keys: keys}
		opened, err := codec.Decode([]*commonpb.Payload{encode(t, codec, plain())})
		require.NoError(t, err)
		require.True(t, proto.Equal(plain(), opened[0]))
	})
}
