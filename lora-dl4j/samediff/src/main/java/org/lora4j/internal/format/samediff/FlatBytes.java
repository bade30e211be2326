/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.samediff;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.lora4j.error.ModelFormatException;

/**
 * The bytes of a FlatBuffer, and the walk over it by its schema. Tables, vectors and texts together cover the file once at
 * most, as those of any writer do: a file that points at the same bytes again and again would unpack to any size, and take any
 * time. (Lists of offsets of fields are shared, and not counted.)
 *
 * <p><b>Threads.</b> For one thread.
 */
final class FlatBytes {

    private static final int LEAST_VTABLE = 4;

    private final String where;
    private final ByteBuffer bytes;
    private long left;

    FlatBytes(String where, byte[] file) {
        this.where = where;
        this.bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        this.left = file.length;
    }

    byte byteAt(int position) {
        return bytes.get(position);
    }

    short shortAt(int position) {
        return bytes.getShort(position);
    }

    int intAt(int position) {
        return bytes.getInt(position);
    }

    long longAt(int position) {
        return bytes.getLong(position);
    }

    byte[] array(int position, int length) {
        byte[] part = new byte[length];
        bytes.get(position, part);
        return part;
    }

    ModelFormatException corrupt(String what) {
        return new ModelFormatException(
                where + ": " + what + ". The file is damaged or not a graph that SameDiff saved: get it again.");
    }

    /** Walks everything that the table at the head of the file points at. */
    TableView root(Table table) throws ModelFormatException {
        Place place = new Place(null, 0, -1);
        requireWithin(0, 4, place);
        return walk(table, follow(0, place), place);
    }

    private TableView walk(Table table, int position, Place place) throws ModelFormatException {
        requireWithin(position, 4, place);
        long start = (long) position - bytes.getInt(position);
        requireWithin(start, LEAST_VTABLE, place);
        int vtable = (int) start;
        int slots = bytes.getShort(vtable);
        int size = bytes.getShort(vtable + 2);
        if (slots < LEAST_VTABLE || slots % 2 != 0 || size < 4) {
            throw corrupt(place + ": its fields are described by " + slots + " bytes for a table of " + size);
        }
        requireWithin(vtable, slots, place);
        cover(position, size, place);
        TableView view = new TableView(this, position, vtable, place);
        List<Table.Field> fields = table.fields();
        for (int i = 0; i < fields.size(); i++) {
            if (view.has(i)) {
                walk(fields.get(i), i, view, size);
            }
        }
        table.check().check(view);
        return view;
    }

    private void walk(Table.Field field, int number, TableView view, int size) throws ModelFormatException {
        Place place = view.place();
        int offset = view.field(number) - view.position();
        int inline = field.kind() == Table.Kind.SCALAR || field.kind() == Table.Kind.UNREAD ? field.bytes() : 4;
        if (offset < 4 || offset + inline > size) {
            throw corrupt(place + ": field " + number + " begins at byte " + offset + " of a table of " + size);
        }
        int at = view.field(number);
        switch (field.kind()) {
            case SCALAR, UNREAD -> {
                // The value lies in the table, or nobody looks at it.
            }
            case TEXT, VECTOR -> vector(follow(at, place), field.bytes(), place);
            case TABLE -> walk(field.table(), follow(at, place), new Place(place, number, -1));
            case TEXTS, TABLES -> {
                int list = follow(at, place);
                int count = vector(list, 4, place);
                for (int i = 0; i < count; i++) {
                    int target = follow(list + 4 + 4 * i, place);
                    if (field.kind() == Table.Kind.TEXTS) {
                        vector(target, 1, place);
                    } else {
                        walk(field.table(), target, new Place(place, number, i));
                    }
                }
            }
            default -> throw new IllegalStateException("unhandled " + field.kind());
        }
    }

    private int follow(int position, Place place) throws ModelFormatException {
        long target = position + (long) bytes.getInt(position);
        requireWithin(target, 4, place);
        return (int) target;
    }

    private int vector(int position, int bytesEach, Place place) throws ModelFormatException {
        int count = bytes.getInt(position);
        if (count < 0) {
            throw corrupt(place + ": a list of " + count + " entries");
        }
        cover(position, 4 + (long) count * bytesEach, place);
        return count;
    }

    private void cover(int position, long length, Place place) throws ModelFormatException {
        requireWithin(position, length, place);
        left -= length;
        if (left < 0) {
            throw corrupt(place + ": with it, the parts of the file are longer than the file of " + bytes.limit()
                    + " bytes; expected each byte to be used once");
        }
    }

    private void requireWithin(long position, long length, Place place) throws ModelFormatException {
        if (position < 0 || position + length > bytes.limit()) {
            throw corrupt(place + ": points at bytes " + position + " to " + (position + length) + " of a file of "
                    + bytes.limit());
        }
    }
}
