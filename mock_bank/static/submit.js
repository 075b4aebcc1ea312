"use strict";
document.getElementById("answer")?.submit();
