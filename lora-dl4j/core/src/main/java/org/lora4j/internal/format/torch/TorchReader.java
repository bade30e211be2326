/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.Problems;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.tensor.TensorIndex;
import org.lora4j.internal.format.zip.ZipBytes;
import org.lora4j.internal.format.zip.ZipDirectory;

/**
 * Reads tensors from a file of PyTorch's {@code torch.save} (1.6 or later), one at a time, and executes nothing of it.
 *
 * <p>Read are dictionaries of tensors and parameters with string keys: a {@code state_dict} alone, or as one entry of a
 * training checkpoint. {@link #open} checks everything but the elements; afterwards elements are read on demand.
 * Contiguous tensors of stored entries, which is what PyTorch writes, are read in place, at any offset and beyond 2 GiB;
 * compressed, strided and big endian ones are put together in memory (1 GiB at most), the last of them kept for the next
 * piece.
 *
 * <p><b>Memory.</b> Opening takes at most about 20 times the length of the pickle, which may be four times that of the
 * file and 100 MB. All tensors together are at most 20 times as large as the file (and 1 MB), compressed or sharing.
 *
 * <p><b>State.</b> Holds the file open until {@link #close}. <b>Threads.</b> Safe.
 *
 * <p>Source: {@code torch/serialization.py} and {@code torch/_utils.py} of PyTorch 2.6.
 *
 * @apiNote Status: internal
 */
public final class TorchReader implements TensorFile {

    /** The longest pickle that is read, in bytes: as long as the header of a safetensors file may be. */
    public static final int MAX_PICKLE_BYTES = 100_000_000;

    private static final String PICKLE = "data.pkl";
    private static final String BYTE_ORDER = "byteorder";

    private static final int FREE_PICKLE_BYTES = 1 << 16;
    private static final int MOST_PICKLE_FOR_FILE = 4;

    /** The first bytes of a file of torch.save before 1.6: a pickle of a certain number. */
    private static final List<Integer> LEGACY = List.of(0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46);

    private static final byte[] ZIP = {'P', 'K'};

    private final ZipBytes file;
    private final boolean bigEndian;
    private final Map<String, StorageChecks.Placed> placed;
    private final TensorIndex tensors;

    /** The last tensor that was put together; guarded by this. */
    private StorageChecks.Placed assembled;

    private byte[] assembledBytes;

    private TorchReader(ZipBytes file, boolean bigEndian, Map<String, StorageChecks.Placed> placed) {
        this.file = file;
        this.bigEndian = bigEndian;
        this.placed = placed;
        Map<String, TensorEntry> entries = new LinkedHashMap<>();
        placed.forEach((name, tensor) -> entries.put(name, tensor.entry()));
        this.tensors = new TensorIndex(file.name(), entries);
    }

    /**
     * Opens a file and checks everything but the elements.
     *
     * @param path the file: a dictionary of tensors, or one in which exactly one entry is such a dictionary
     * @return a reader to be closed
     * @throws CorruptAdapterException if the zip, the pickle or a tensor is damaged; the message lists all tensors
     *     concerned
     * @throws UnsupportedAdapterVersionException if the file is of the format before PyTorch 1.6
     * @throws AdapterFormatException if the pickle asks for anything but tensors, which is named and was not executed, or
     *     holds something else
     * @throws IOException if the file does not exist, is a directory or cannot be read
     */
    public static TorchReader open(Path path) throws IOException {
        return open(path, StateDictionary::tensors);
    }

    /**
     * Opens a training checkpoint of several dictionaries.
     *
     * @param section the key of the dictionary to read, such as {@code model}
     * @return a reader to be closed
     * @throws AdapterFormatException as for {@link #open(Path)}, and if there is no such dictionary
     * @throws IOException as for {@link #open(Path)}
     */
    public static TorchReader open(Path path, String section) throws IOException {
        return open(path, found -> found.tensors(section));
    }

    /** Which tensors of a pickle are wanted. */
    private interface Choice {
        Map<String, PickleValue.Tensor> of(StateDictionary found) throws AdapterFormatException;
    }

    private static TorchReader open(Path path, Choice choice) throws IOException {
        RegularFile.require(path, "a file of torch.save");
        ZipBytes file = ZipBytes.open(
                path, what -> new CorruptAdapterException(what + ". The file is damaged or not a PyTorch file."));
        try {
            return read(file, choice);
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private static TorchReader read(ZipBytes file, Choice choice) throws IOException {
        checkKind(file);
        Map<String, ZipDirectory.Entry> zip = ZipDirectory.read(file);
        ZipDirectory.Entry pickle = pickle(file, zip);
        String root = pickle.name().substring(0, pickle.name().length() - PICKLE.length());
        PickleValue value =
                PickleMachine.run(file.name() + ", " + pickle.name(), file.read(pickle, 0, (int) pickle.size()));
        Map<String, PickleValue.Tensor> chosen = choice.of(StateDictionary.of(file.name(), value));
        boolean bigEndian = isBigEndian(file, zip.get(root + BYTE_ORDER));
        return new TorchReader(file, bigEndian, new StorageChecks(file, zip, root, bigEndian).check(chosen));
    }

    private static void checkKind(ZipBytes file) throws IOException {
        ByteBuffer start = file.read(0, (int) Math.min(file.length(), LEGACY.size()));
        boolean legacy = start.limit() == LEGACY.size();
        for (int i = 0; legacy && i < start.limit(); i++) {
            legacy = Byte.toUnsignedInt(start.get(i)) == LEGACY.get(i);
        }
        if (legacy) {
            throw new UnsupportedAdapterVersionException(file.name()
                    + ": is of the format before PyTorch 1.6, without a zip; expected the present one. Convert it in"
                    + " Python: torch.save(torch.load(f, weights_only=True), f)");
        }
        if (start.limit() < ZIP.length || start.get(0) != ZIP[0] || start.get(1) != ZIP[1]) {
            throw file.corrupt("does not begin as a zip file; expected one that torch.save wrote");
        }
    }

    private static ZipDirectory.Entry pickle(ZipBytes file, Map<String, ZipDirectory.Entry> zip) throws IOException {
        List<ZipDirectory.Entry> found = zip.values().stream()
                .filter(entry -> entry.name().endsWith("/" + PICKLE)
                        && entry.name().indexOf('/') == entry.name().lastIndexOf('/'))
                .toList();
        if (found.size() != 1) {
            throw file.corrupt("has " + found.size() + " entries <name>/" + PICKLE + " among "
                    + Problems.quoted(zip.keySet()) + "; expected one");
        }
        ZipDirectory.Entry pickle = found.get(0);
        long most = Math.min(MAX_PICKLE_BYTES, FREE_PICKLE_BYTES + MOST_PICKLE_FOR_FILE * file.length());
        if (pickle.size() > most) {
            throw file.corrupt("has a pickle of " + pickle.size() + " bytes; expected at most " + most
                    + " in a file of " + file.length());
        }
        return pickle;
    }

    private static boolean isBigEndian(ZipBytes file, ZipDirectory.Entry order) throws IOException {
        // Files of PyTorch before 2.1 do not say; nearly all of them were written on little endian machines.
        if (order == null) {
            return false;
        }
        int length = (int) Math.min(order.size(), "little".length() + 1);
        String text = new String(file.read(order, 0, length), StandardCharsets.ISO_8859_1);
        return switch (text) {
            case "little" -> false;
            case "big" -> true;
            default -> throw file.corrupt("has the byte order \"" + text + "\"; expected little or big");
        };
    }

    @Override
    public Map<String, TensorEntry> tensors() {
        return tensors.entries();
    }

    @Override
    public TensorEntry tensor(String name) {
        return tensors.entry(name);
    }

    /**
     * {@inheritDoc}
     *
     * <p>For a tensor that has to be put together this takes memory for the whole of it.
     */
    @Override
    public void read(TensorEntry entry, long from, ByteBuffer into) throws IOException {
        tensors.checkRange(entry, from, into.remaining());
        if (entry.position() != TensorEntry.NOT_IN_ONE_PIECE) {
            file.fill(entry.position() + from, into);
        } else if (into.hasRemaining()) {
            into.put(assembled(placed.get(entry.name())), (int) from, into.remaining());
        }
    }

    private synchronized byte[] assembled(StorageChecks.Placed tensor) throws IOException {
        if (assembled != tensor) {
            assembled = null;
            assembledBytes = null;
            byte[] span = file.read(
                    tensor.storage(), tensor.view().begin(), (int) tensor.view().span());
            assembledBytes = tensor.view().rowMajor(span, bigEndian);
            assembled = tensor;
        }
        return assembledBytes;
    }

    @Override
    public void close() throws IOException {
        synchronized (this) {
            assembled = null;
            assembledBytes = null;
        }
        file.close();
    }
}
