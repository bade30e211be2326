/* SPDX-License-Identifier: Apache-2.0 */
/** What image tasks need inside: pixels from files, resizing, what a model reads of them, and encoders of images as graphs. */
package org.lora4j.internal.image;
