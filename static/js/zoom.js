// How a picture is enlarged and moved in a frame. Pure: `view` is {scale, x, y}, x and y what its middle is away from the frame's;
// `sizes` is {frame: {width, height}, picture: {width, height}}, the picture as it is at scale 1.

export const WHOLE = { scale: 1, x: 0, y: 0 };
export const SCALE_MAX = 8;

/** Enlarged to a scale, so that what is at `point` (from the frame's middle) stays there. */
export function zoomed(view, scale, point, sizes) {
  const to = Math.min(SCALE_MAX, Math.max(1, scale));
  const by = to / view.scale;
  return held({ scale: to, x: point.x - (point.x - view.x) * by, y: point.y - (point.y - view.y) * by }, sizes);
}

export function moved(view, by, sizes) {
  return held({ ...view, x: view.x + by.x, y: view.y + by.y }, sizes);
}

/** No more of the frame stays empty than has to. */
function held({ scale, x, y }, { frame, picture }) {
  const within = (value, side) => {
    const most = Math.max(0, (picture[side] * scale - frame[side]) / 2);
    return Math.min(most, Math.max(-most, value)) + 0; // no -0
  };
  return { scale, x: within(x, "width"), y: within(y, "height") };
}
